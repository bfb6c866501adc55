# The private Redis. Sourced, never run.
# shellcheck shell=bash

# An order is promised once it is in Redis: every write is on disk before the reply (appendfsync always), and a
# full memory refuses writes instead of evicting keys (noeviction).
start_redis() {
    local node=$1 more=()
    write_users redis "$RUN/$node/users.acl" || true
    # A replica that takes over must not have missed much; the other slots go on without those that have no primary.
    ! is_cluster || more=(
        --cluster-enabled yes --cluster-port "$(port_of "${node/redis/redis-bus}")" --cluster-node-timeout 1500
        --cluster-require-full-coverage no --cluster-replica-validity-factor 0
        --masteruser seckill_replica --masterauth "$(password_of replica)" --repl-diskless-sync-delay 0
        --min-replicas-to-write 1 --min-replicas-max-lag 2)
    spawn "$node" '' "$RUN/$node" redis-server \
        --port "$(port_of "$node")" --bind 127.0.0.1 --daemonize no --loglevel notice --set-proc-title no \
        --appendonly yes --appendfsync always --save '' --maxmemory-policy noeviction --aclfile "$RUN/$node/users.acl" "${more[@]}"
    wait_ready "$node" 30
}

# keep_redis_users: gives them to a Redis that runs since before they changed.
keep_redis_users() {
    local node
    for node in $(nodes_of redis); do
        write_users redis "$RUN/$node/users.acl" || continue
        answers "$(port_of "$node")" $'+OK\r\n+OK' "AUTH seckill_admin $(password_of admin)\r\nACL LOAD\r\n" && continue
        rm "$RUN/$node/users.acl"
        die "Redis did not take its users; see $RUN/logs/$node.log"
    done
}

# redis_ask NODE COMMAND...
redis_ask() { REDISCLI_AUTH=$(password_of admin) redis-cli -p "$(port_of "$1")" --user seckill_admin "${@:2}"; }

# redis_answers PORT: a Redis that still loads its data answers LOADING, not PONG.
redis_answers() { answers "$1" $'+OK\r\n+PONG' "AUTH seckill_admin $(password_of admin)\r\nPING\r\n"; }
