# The four servers: named by the caller, or containers, or private processes. Sourced, never run.
# shellcheck shell=bash

SERVERS=(redis rabbitmq postgres postgres-legacy)

# setting_of SERVER: the environment variable that names it.
setting_of() {
    case $1 in
        redis) echo ConnectionStrings__Redis ;;
        rabbitmq) echo ConnectionStrings__RabbitMq ;;
        postgres) echo ConnectionStrings__Orders ;;
        postgres-legacy) echo ConnectionStrings__Legacy ;;
    esac
}

# Read once, before resolve_servers exports connection strings.
CALLERS_SERVERS=' '
for server in "${SERVERS[@]}"; do
    setting=$(setting_of "$server")
    [ -z "${!setting:-}" ] || CALLERS_SERVERS+="$server "
done

# resolve_servers: exports the four connection strings. EXTERNAL lists the servers that the caller named; seckill never
# touches these. SOURCE is `containers` or `packages`, and does not change while there is data in it.
resolve_servers() {
    local server
    EXTERNAL=$CALLERS_SERVERS
    if [ -f "$RUN/source" ]; then
        SOURCE=$(cat "$RUN/source")
    elif [ "$(own_servers)" != '' ] && docker_answers; then
        SOURCE=containers
    else
        SOURCE=packages
    fi
    for server in $(own_servers); do
        export "$(setting_of "$server")=$(own_connection "$server")"
    done
}

own_servers() {
    local server
    for server in "${SERVERS[@]}"; do
        [[ $EXTERNAL == *" $server "* ]] || echo "$server"
    done
}

# With containers, Docker itself reports ports that are not free.
own_processes() {
    local server node
    [ "$SOURCE" = packages ] || return 0
    adopt_epmd
    for server in $(own_servers); do
        for node in $(nodes_of "$server"); do
            echo "$node"
            alive "$node" || case $node in
                rabbitmq*) alive epmd || echo epmd; echo "${node/rabbitmq/rabbitmq-dist}" ;;
                redis-*) echo "${node/redis/redis-bus}" ;;
            esac
        done
    done
}

# own_connection SERVER [ROLE]: with the rights of a role; without one with full rights.
own_connection() {
    local address port database user=${2:-admin} password
    password=$(password_of "$user")
    case $1 in
        redis) echo "$(addresses_of redis),user=seckill_$user,password=$password" ;;
        rabbitmq) echo "amqp://seckill_$user:$password@$(addresses_of rabbitmq)/" ;;
        postgres*)
            port=$(port_of "$1")
            [ "$SOURCE" = packages ] || port=$(port_of postgres)
            database=$(pg_database "$1") address="Host=127.0.0.1;Port=$port"
            ! is_cluster || address="Host=$(addresses_of "$1");Target Session Attributes=primary"
            [ "$user" = admin ] && user=postgres || user=seckill_$user
            echo "$address;Username=$user;Password=$password;Database=$database"
            ;;
    esac
}

# addresses_of SERVER: host:port of each node, separated by commas.
addresses_of() {
    local node all=''
    for node in $(nodes_of "$1"); do all+=",127.0.0.1:$(port_of "$node")"; done
    echo "${all#,}"
}

# start_servers: starts missing servers, all at once, and waits for them.
start_servers() {
    local server node missing=() jobs=() failed=0
    for server in $(own_servers); do
        for node in $(nodes_of "$server"); do
            ready "$node" && own_process "$node" || { missing+=("$server"); break; }
        done
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "$SOURCE" >"$RUN/source"
    say "starting ${missing[*]}"
    if [ "$SOURCE" = containers ]; then
        start_containers "${missing[@]}"
        return
    fi
    local otherwise="
    or start Docker: its containers are then used;
    or name running servers in ConnectionStrings__Redis, __RabbitMq, __Orders and __Legacy."
    require_packages "${missing[@]%-legacy}"
    for server in "${missing[@]}"; do
        # A server that runs and is not ready is restarted: waiting longer would not help.
        for node in $(nodes_of "$server"); do ready "$node" || stop 15 "$node"; done
    done
    for server in "${missing[@]}"; do
        if is_cluster; then start_cluster "$server" & else "start_${server%-legacy}" "$server" & fi
        jobs+=($!)
    done
    for server in "${jobs[@]}"; do wait "$server" || failed=1; done
    return $failed
}

own_process() { if [ "$SOURCE" = containers ]; then container_runs "$1"; else alive "$1"; fi; }

stop_servers() {
    # shellcheck disable=SC2046  # a list of words
    stop 20 $(recorded | grep -E '^(redis|rabbitmq|postgres)' || true)
    adopt_epmd
    stop 5 epmd
    stop_containers "${1:-}"
}

# delete_data: of the own servers, which do not run.
delete_data() {
    local server node
    for server in "${SERVERS[@]}"; do
        for node in $(nodes_of "$server"); do
            case $node in
                postgres*) rm -rf "$(pg_home "$node")" ;;
                rabbitmq*) rm -rf "$(rabbitmq_home "$node")" ;;
                *) rm -rf "${RUN:?}/$node" ;;
            esac
        done
        rm -f "$RUN/$server.primary"
    done
    rm -rf "$RUN/source" "$RUN/topology" "$(elsewhere)"
}

# server_ready SERVER: sends it a request; checks only that an external server accepts a connection.
server_ready() {
    local host port
    DETAIL="not answering"
    if [[ $EXTERNAL == *" $1 "* ]]; then
        IFS=: read -r host port <<<"$(server_address "$1")"
        timeout 3 bash -c ": <>/dev/tcp/\$0/\$1" "$host" "$port" 2>/dev/null
        return
    fi
    case $1 in
        redis*) redis_answers "$(port_of "$1")" ;;
        rabbitmq*) rabbitmq_answers "$(port_of "$1")" ;;
        postgres*) if [ "$SOURCE" = packages ]; then pg_answers "$(port_of "$1")"; else pg_asks_password "$(port_of postgres)"; fi ;;
    esac
}

# server_address SERVER: host:port from its connection string, without its secrets.
server_address() {
    local setting text host port
    setting=$(setting_of "$1")
    text=${!setting}
    case $1 in
        redis) text=${text%%,*}; host=${text%%:*}; port=${text##*:}; [[ $text == *:* ]] || port=6379 ;;
        rabbitmq)
            text=${text#*://}; text=${text##*@}; text=${text%%/*}
            host=${text%%:*}; port=${text##*:}; [[ $text == *:* ]] || port=5672
            ;;
        *)
            host=$(sed -nE 's/^(.*;)? *(Host|Server) *= *([^;]*).*/\3/Ip' <<<"$text")
            port=$(sed -nE 's/^(.*;)? *Port *= *([0-9]+).*/\2/Ip' <<<"$text")
            ;;
    esac
    echo "${host:-localhost}:${port:-5432}"
}
