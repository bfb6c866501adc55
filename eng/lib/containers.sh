# The servers as containers of docker-compose.yml. Sourced, never run.
# shellcheck shell=bash

# The timeout: a client without an engine can hang. The compose plug-in is a separate package.
docker_answers() {
    command -v docker >/dev/null && timeout 5 docker info >/dev/null 2>&1 && timeout 5 docker compose version >/dev/null 2>&1
}

compose_project() { echo "seckill-$(digest <<<"$RUN")"; }

# Uses the same ports as private servers; the project's name distinguishes checkouts. The keys are for services that it does not start.
compose() {
    SECKILL_OPS_KEY=none SECKILL_MESSAGES_KEY=none SECKILL_BUYER_TOKEN_KEY=none SECKILL_PAYMENT_KEY=none \
    SECKILL_REDIS_PORT=$(port_of redis) SECKILL_RABBITMQ_PORT=$(port_of rabbitmq) SECKILL_POSTGRES_PORT=$(port_of postgres) \
        with_passwords docker compose --project-name "$(compose_project)" --file "$ROOT/docker-compose.yml" "$@"
}

# start_containers SERVER...: one postgres container holds both databases.
start_containers() {
    local services
    services=$(printf '%s\n' "${@%-legacy}" | sort -u | paste -sd ' ')
    touch "$RUN/containers"
    # shellcheck disable=SC2086  # a list of words
    if ! compose up --detach --wait --wait-timeout 120 $services >>"$RUN/logs/containers.log" 2>&1; then
        tail -n 15 "$RUN/logs/containers.log" | sed 's/^/    /' >&2
        die "docker compose could not start: $services"
    fi
}

# container_runs SERVER: whether this instance runs it. The process on its port may belong to another checkout or an abandoned demo.
container_runs() { [ -n "$(compose ps --quiet "${1%-legacy}" 2>/dev/null)" ]; }

# stop_containers [wipe]: a wipe also removes the volumes of stopped containers.
stop_containers() {
    [ -f "$RUN/containers" ] || [ "${1:-} $(cat "$RUN/source" 2>/dev/null)" = 'wipe containers' ] || return 0
    compose down ${1:+--volumes} >>"$RUN/logs/containers.log" 2>&1 ||
        die "docker compose could not stop the servers; see $RUN/logs/containers.log"
    rm -f "$RUN/containers"
}
