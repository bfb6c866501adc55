# The private Redis. Sourced, never run.
# shellcheck shell=bash

# An order is promised once it is in Redis: every write is on disk before the reply (appendfsync always), and a
# full memory refuses writes instead of evicting keys (noeviction).
start_redis() {
    local port
    port=$(port_of redis)
    write_users redis "$RUN/redis/users.acl" || true
    spawn redis '' "$RUN/redis" redis-server \
        --port "$port" --bind 127.0.0.1 --daemonize no --loglevel notice --set-proc-title no \
        --appendonly yes --appendfsync always --save '' --maxmemory-policy noeviction --aclfile "$RUN/redis/users.acl"
    wait_ready redis 30
}

# keep_redis_users: gives them to a Redis that runs since before they changed.
keep_redis_users() {
    write_users redis "$RUN/redis/users.acl" || return 0
    answers "$(port_of redis)" $'+OK\r\n+OK' "AUTH seckill_admin $(password_of admin)\r\nACL LOAD\r\n" && return 0
    rm "$RUN/redis/users.acl"
    die "Redis did not take its users; see $RUN/logs/redis.log"
}

# redis_answers PORT: a Redis that still loads its data answers LOADING, not PONG.
redis_answers() { answers "$1" $'+OK\r\n+PONG' "AUTH seckill_admin $(password_of admin)\r\nPING\r\n"; }
