#!/usr/bin/env bash
# summary: show each process, its address, and whether it is ready or why not
#
# usage: ./seckill status [--json]
#
#   --json   an array of {"name","pid","url","ready","detail"}; pid is null for a server that seckill did not start
#
# Exit code: 0 all are ready, 1 at least one is not, 3 nothing is up.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

json=''
while [ $# -gt 0 ]; do
    case $1 in
        --json) json=1; shift ;;
        *) bad_usage "unknown option of status: $1" ;;
    esac
done

use_running_instance
load_settings

url_of() {
    case $1 in
        redis-*) echo "redis://127.0.0.1:$(port_of "$1")" ;;
        rabbitmq-*) echo "amqp://127.0.0.1:$(port_of "$1")" ;;
        postgres*-[12]) echo "postgresql://127.0.0.1:$(port_of "$1")" ;;
        redis) echo "redis://$(server_address "$1")" ;;
        rabbitmq) echo "amqp://$(server_address "$1")" ;;
        postgres*) echo "postgresql://$(server_address "$1")" ;;
        *) echo "http://127.0.0.1:$(port_of "$1")" ;;
    esac
}

# examine NAME: sets PID, IS_READY and DETAIL.
examine() {
    local own=1
    [[ $EXTERNAL != *" $1 "* && ( $SOURCE != containers || " ${SERVERS[*]} " != *" $1 "* ) ]] || own=''
    IS_READY=false
    if [ -n "$own" ] && ! alive "$1"; then
        PID='' DETAIL='not running (exited)'
        [ -f "$RUN/pids/$1" ] || DETAIL='not running'
        return
    fi
    [ -n "$own" ] || PID=''
    ! ready "$1" || { IS_READY=true; DETAIL+=$(role_of "$1" | sed 's/^/, /'); }
    case $EXTERNAL in *" $1 "*) DETAIL+=" (external)" ;; esac
}

text() { printf '%s' "$1" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g'; }

if [ -z "$(recorded)" ] && [ ! -f "$RUN/containers" ]; then
    if [ -n "$json" ]; then echo '[]'; else echo "nothing is up; run ./seckill up"; fi
    exit 3
fi

code=0 comma=''
[ -z "$json" ] || echo '['
for name in $(for server in "${SERVERS[@]}"; do nodes_of "$server"; done; echo inventory; recorded | grep -E '^(inventory|api|worker)-'); do
    examine "$name"
    [ $IS_READY = true ] || code=1
    if [ -n "$json" ]; then
        printf '%s{"name":"%s","pid":%s,"url":"%s","ready":%s,"detail":"%s"}' "$comma" \
            "$name" "${PID:-null}" "$(text "$(url_of "$name")")" $IS_READY "$(text "$DETAIL")"
        comma=$',\n'
    else
        printf '%-18s %-8s %-36s %s\n' "$name" "${PID:--}" "$(url_of "$name")" "$DETAIL"
    fi
done
[ -z "$json" ] || printf '\n]\n'
exit $code
