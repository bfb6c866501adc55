# Starts and stops the servers and services of an instance. Sourced by the verbs, never run.
# shellcheck shell=bash

lib=$(dirname "${BASH_SOURCE[0]}")
for part in common process packages roles cluster redis rabbitmq postgres containers servers services; do
    # shellcheck source=/dev/null
    source "$lib/$part.sh"
done

# ready NAME: whether a server or service is ready. Sets DETAIL to the reason if not.
ready() {
    DETAIL=ready
    case $1 in
        redis* | rabbitmq* | postgres*) server_ready "$1" && DETAIL=ready ;;
        epmd) port_open "$(port_of epmd)" ;;
        *) service_ready "$1" ;;
    esac
}

# bring_up APIS WORKERS: starts missing processes, restarts outdated ones, stops surplus ones.
bring_up() {
    local name n changed='' wanted=(inventory)
    ! is_cluster || wanted+=(inventory-2)
    for ((n = 1; n <= $1; n++)); do wanted+=("api-$n"); done
    for ((n = 1; n <= $2; n++)); do wanted+=("worker-$n"); done
    keep_ports
    resolve_servers
    # shellcheck disable=SC2046  # a list of words
    require_ports $(own_processes) "${wanted[@]}"
    ! anything_alive || changed=$(changed_settings)
    if [ -n "$changed" ]; then
        say "settings that differ from those of the running services: $changed"
        build && check_settings || die "the services run on with the settings that they have"
    fi
    start_servers_and_build || exit 1
    install_app InventoryService '^inventory'
    install_app OrderService '^(api|worker)-'
    for name in $(recorded | grep -E '^(api|worker|inventory)-' || true); do
        [[ " ${wanted[*]} " == *" $name "* ]] || stop 15 "$name"
    done
    prepare_stores
    for name in "${wanted[@]}"; do start_service "$name"; done
    for name in "${wanted[@]}"; do wait_ready "$name" 120 || die "not everything is up; run ./seckill down, or ./seckill up again"; done
}

# start_servers_and_build: both at once. If one fails, it still waits for the other: a command leaves nothing running
# in the background.
start_servers_and_build() {
    local ok=1
    record_settings
    start_servers &
    JOB=$!
    build || ok=''
    wait "$JOB" || ok=''
    [ -n "$ok" ]
}

# end_jobs NAME...: for an interrupted command: ends its tools, and waits until the servers have started.
end_jobs() {
    stop 5 "$@"
    [ -z "${JOB:-}" ] || wait "$JOB" || true
}

# bring_down [wipe]: stops services first, so that they can finish their work while the servers run.
bring_down() {
    local name
    load_settings
    # shellcheck disable=SC2046  # a list of words
    stop 15 $(recorded | grep -vE '^(redis|rabbitmq|postgres|epmd)' || true)
    stop_servers "${1:-}"
    rm -f "$RUN/settings"
    [ -n "${1:-}" ] || return 0
    delete_data
    rm -rf "$RUN/app" "$RUN/secret"
}

# A running system keeps its ports; otherwise later commands would not find it.
keep_ports() {
    local base
    anything_alive || return 0
    base=$(sed -n 's/^BASE=//p' "$RUN/settings" 2>/dev/null) || true
    [ -n "${SECKILL_PORT_BASE:-}" ] || BASE=${base:-$BASE}
    [ "${base:-$BASE}" = "$BASE" ] || die "this checkout is up on SECKILL_PORT_BASE=$base; run ./seckill down first"
}

# record_settings: saves the settings of the running system, for commands in other shells.
record_settings() {
    (umask 077
    {
        printf '%s\n' "BASE=$BASE" "SOURCE=$SOURCE" "EXTERNAL=$EXTERNAL"
        service_settings
    } >"$RUN/settings.new")
    mv "$RUN/settings.new" "$RUN/settings"
}

# load_settings: the settings of the running system, or of the one that `up` would start.
load_settings() {
    local name value
    resolve_servers
    [ -f "$RUN/settings" ] || return 0
    while IFS='=' read -r name value; do
        case $name in
            BASE | SOURCE | EXTERNAL) printf -v "$name" '%s' "$value" ;;
            *__*) export "$name=$value" ;;
        esac
    done <"$RUN/settings"
}

# use_running_instance: the system that is up, or else a running demo.
use_running_instance() {
    use_instance main
    ! anything_alive || return 0
    use_instance demo
    anything_alive || use_instance main
}

# sweep_abandoned: ends demos and test runs whose command was killed. In a subshell, so that it does not load their
# settings here.
sweep_abandoned() {
    local instance
    for instance in demo test test-system test-cluster bench chaos test-chaos fuzz; do
        (
            use_instance $instance
            [ -f "$RUN/owner" ] && ! owner_alive && lock 60 && { [ -n "$(recorded)" ] || [ -f "$RUN/containers" ]; } || exit 0
            say "cleaning up after a $instance that was killed"
            bring_down wipe
        )
    done
}

# api_urls: the addresses of all API copies, separated by commas.
api_urls() {
    local name urls=''
    for name in $(recorded | grep -E '^api-' || echo api-1); do urls+=",http://127.0.0.1:$(port_of "$name")"; done
    echo "${urls#,}"
}

# inventory_urls: the addresses of all InventoryServices, separated by commas.
inventory_urls() {
    local name urls=''
    for name in $(recorded | grep -E '^inventory' || echo inventory); do urls+=",http://127.0.0.1:$(port_of "$name")"; done
    echo "${urls#,}"
}

# print_env [--admin | clients]: on the servers that `up` started, connection strings that read; with `admin` also those with full rights,
# with `clients` only these.
print_env() {
    local server setting
    load_settings
    [ "${1:-}" = clients ] || become reader
    printf '%s\n' \
        "ORDER_URL=http://127.0.0.1:$(port_of api-1)" "ORDER_URLS=$(api_urls)" \
        "INVENTORY_URL=http://127.0.0.1:$(port_of inventory)" "INVENTORY_URLS=$(inventory_urls)" \
        "ORDER_OPS_URL=http://127.0.0.1:$(port_of ops-api-1)" "INVENTORY_OPS_URL=http://127.0.0.1:$(port_of ops-inventory)" \
        "OPS_KEY=$Auth__OpsKey" "PAYMENT_KEY=$Payments__SigningKey" "BUYER_TOKEN_KEY=$Auth__BuyerTokenKey" \
        "ConnectionStrings__Redis=$ConnectionStrings__Redis" \
        "ConnectionStrings__RabbitMq=$ConnectionStrings__RabbitMq" \
        "ConnectionStrings__Orders=$ConnectionStrings__Orders" \
        "ConnectionStrings__Legacy=$ConnectionStrings__Legacy"
    [ "${1:-}" = --admin ] || return 0
    for server in $(own_servers); do
        setting=$(setting_of "$server")
        echo "Admin__${setting#ConnectionStrings__}=$(own_connection "$server")"
    done
}

# print_compose: the variables of docker-compose.yml that have no default.
print_compose() {
    local key
    with_passwords env | grep -E '^SECKILL_[A-Z]+_PASSWORD='
    for key in OPS MESSAGES BUYER_TOKEN PAYMENT; do echo "SECKILL_${key}_KEY=$(password_of "compose $key")"; done
}

# print_tools: what a shell evaluates so that the commands of docs/OPERATIONS.md reach the running system. The clients of RabbitMQ and
# PostgreSQL, and redis-cli, reach those servers that this checkout has started.
print_tools() {
    local dir name server value
    load_settings
    while IFS='=' read -r name value; do
        case $name in
            *_URL | OPS_KEY) printf 'export %s=%q\n' "$name" "$value" ;;
        esac
    done < <(print_env)
    printf 'export WORKER_OPS_URL=%q\n' "http://127.0.0.1:$(port_of ops-worker-1)"
    [ "$SOURCE" = packages ] || return 0
    for server in $(own_servers); do
        case $server in
            postgres)
                printf 'export %s=%q\n' PGHOST 127.0.0.1 PGPORT "$(port_of "$(primary_of postgres)")" PGUSER postgres \
                    PGPASSWORD "$(password_of admin)"
                ;;
            redis)
                printf 'redis-cli() { REDISCLI_AUTH=%q command redis-cli %s-p %q --user seckill_admin "$@"; }\n' \
                    "$(password_of admin)" "$(! is_cluster || echo '-c ')" "$(port_of "$(nodes_of redis | head -n 1)")"
                ;;
            rabbitmq)
                name=$(nodes_of rabbitmq | head -n 1)
                dir=$(rabbitmq_home "$name")
                # As the start of the server: its own node, epmd and cookie.
                printf 'rabbitmqctl() { HOME=%q ERL_EPMD_PORT=%q RABBITMQ_NODENAME=%q RABBITMQ_CONF_ENV_FILE=%q %q "$@"; }\n' \
                    "$dir/home" "$(port_of epmd)" "$(cat "$dir/node" 2>/dev/null)" "$dir/no-env.conf" \
                    "$(dirname "$RABBITMQ_BIN")/rabbitmqctl"
                ;;
        esac
    done
}
