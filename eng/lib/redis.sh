# The private Redis. Sourced, never run.
# shellcheck shell=bash

# An order is promised once it is in Redis: every write is on disk before the reply (appendfsync always), and a
# full memory refuses writes instead of evicting keys (noeviction).
start_redis() {
    local port
    port=$(port_of redis)
    mkdir -p "$RUN/redis"
    spawn redis '' "$RUN/redis" redis-server \
        --port "$port" --bind 127.0.0.1 --daemonize no --loglevel notice --set-proc-title no \
        --appendonly yes --appendfsync always --save '' --maxmemory-policy noeviction
    wait_ready redis 30
}

# redis_answers PORT: a Redis that still loads its data answers LOADING, not PONG.
redis_answers() { answers "$1" +PONG 'PING\r\n'; }
