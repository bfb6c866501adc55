# The private RabbitMQ with its own node names, ports, directories and epmd. Sourced, never run.
# shellcheck shell=bash

# RabbitMQ's check of the free disk space fails on a path with a space in it.
rabbitmq_home() {
    case $RUN in
        *[[:space:]]*) echo "$(elsewhere)/$1" ;;
        *) echo "$RUN/$1" ;;
    esac
}

# rabbitmq_name NODE: its Erlang name. The data belongs to it: it is chosen once, and stays with other ports and in a moved checkout.
rabbitmq_name() {
    local file
    file=$(rabbitmq_home "$1")/node
    if [ ! -s "$file" ]; then
        mkdir -p "${file%/*}"
        echo "seckill$BASE-$(digest <<<"$RUN")${1#rabbitmq}@localhost" >"$file"
    fi
    cat "$file"
}

# All nodes of an instance have one cookie.
rabbitmq_cookie() {
    mkdir -p "$1"
    [ -s "$1/.erlang.cookie" ] || (umask 077; password_of cookie >"$1/.erlang.cookie")
    chmod 400 "$1/.erlang.cookie"
}

# All Erlang nodes of a machine share one epmd; a private one avoids that.
start_epmd() { alive epmd || spawn epmd '' "$RUN" env ERL_EPMD_ADDRESS=127.0.0.1 epmd -port "$(port_of epmd)"; }

start_rabbitmq() {
    local node=$1 dir guest='' name other=0
    dir=$(rabbitmq_home "$node")
    [ "$dir" = "$RUN/$node" ] || say "the data of $node is in $dir"
    rabbitmq_cookie "$dir/home"
    name=$(rabbitmq_name "$node")
    echo '[].' >"$dir/enabled_plugins"
    # Data from before there were users of our own.
    [ ! -d "$dir/mnesia" ] || [ -f "$dir/definitions.json" ] || guest=1
    write_users rabbitmq "$dir/definitions.json" || true
    cat >"$dir/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$(port_of "$node")
load_definitions = $dir/definitions.json
log.console = true
log.console.level = warning
log.console.use_colors = off
log.connection.level = error
log.file = false
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 67108864
END
    if is_cluster; then
        for node in $(nodes_of rabbitmq); do
            echo "cluster_formation.classic_config.nodes.$((++other)) = $(rabbitmq_name "$node")"
        done >>"$dir/rabbitmq.conf"
        node=$1
    fi
    start_epmd
    # With RUNNING_UNDER_SYSTEMD the start script becomes the server, so that the recorded pid is the server's.
    # One scheduler that does not spin: RabbitMQ shares the machine with the services and the load.
    spawn "$node" '' "$dir" env -u NOTIFY_SOCKET \
        HOME="$dir/home" RUNNING_UNDER_SYSTEMD=true \
        ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$(port_of epmd)" \
        RABBITMQ_NODENAME="$name" RABBITMQ_DIST_PORT="$(port_of "${node/rabbitmq/rabbitmq-dist}")" \
        RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" \
        RABBITMQ_CONF_ENV_FILE="$dir/no-env.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" \
        RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" \
        RABBITMQ_SCHEMA_DIR="$dir/schema" RABBITMQ_GENERATED_CONFIG_DIR="$dir/generated" \
        RABBITMQ_SCHEDULER_BIND_TYPE=u \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}" \
        "$RABBITMQ_BIN"
    wait_ready "$node" 90
    [ -z "$guest" ] || rabbitmq_administer -q delete_user guest
}

# rabbitmq_administer WORD...: rabbitmqctl with this server's own node, epmd and cookie.
rabbitmq_administer() {
    local dir node
    for node in $(nodes_of rabbitmq); do ! alive "$node" || break; done
    dir=$(rabbitmq_home "$node")
    HOME=$dir/home ERL_EPMD_PORT=$(port_of epmd) RABBITMQ_NODENAME=$(rabbitmq_name "$node") RABBITMQ_CONF_ENV_FILE=$dir/no-env.conf \
        "$(dirname "$RABBITMQ_BIN")/rabbitmqctl" "$@"
}

# keep_rabbitmq_users: gives them to a RabbitMQ that runs since before they changed.
keep_rabbitmq_users() {
    local node definitions
    for node in $(nodes_of rabbitmq); do
        definitions=$(rabbitmq_home "$node")/definitions.json
        write_users rabbitmq "$definitions" || continue
        rabbitmq_administer -q import_definitions "$definitions" >>"$RUN/logs/$node.log" 2>&1 && continue
        rm "$definitions"
        die "RabbitMQ did not take its users; see $RUN/logs/$node.log"
    done
}

# RabbitMQ replaces an epmd that died; the new one is not recorded. Its HOME shows whether it belongs to this instance.
adopt_epmd() {
    local process node homes=()
    for node in $(nodes_of rabbitmq); do homes+=(-e "HOME=$(rabbitmq_home "$node")/home"); done
    # Never a bare return: in a trap it returns the trap's exit code.
    ! alive epmd || return 0
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/dev/null)" = epmd ] || continue
        ! grep -qzFx "${homes[@]}" "$process/environ" 2>/dev/null || record epmd "${process#/proc/}" ''
    done
}

# rabbitmq_answers PORT: the server opens its listener last, and greets with a method frame.
rabbitmq_answers() { answers "$1" $'\x01' 'AMQP\0\0\11\1'; }
