#!/usr/bin/env bash
# summary: kill a process of the running system, and let another take over
#
# usage: ./seckill fail NAME [--keep-down]
#
#   NAME         as ./seckill status lists it: redis-2, rabbitmq-1, postgres-1, api-1, worker-2 ...; postgres and postgres-legacy mean the
#                node that takes writes
#   --keep-down  do not start it again; ./seckill up does
#
# kill -9, as a machine fails. Then does what an orchestrator does: promotes the standby of a PostgreSQL whose primary has failed, waits
# until the cluster of Redis has another primary, and starts the process again, as a replica of the new primary. Says how long each took.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

name='' keep=''
while [ $# -gt 0 ]; do
    case $1 in
        --keep-down) keep=1; shift ;;
        -*) bad_usage "unknown option of fail: $1" ;;
        *) [ -z "$name" ] || bad_usage "fail takes one name"; name=$1; shift ;;
    esac
done
[ -n "$name" ] || bad_usage "fail needs the name of a process"

use_instance main
lock 600 || die "another seckill command of this checkout is still running"
load_settings
[ "$SOURCE" = packages ] || die "the servers run in containers: use docker"
anything_alive || die "nothing is up; run ./seckill up"
case $name in postgres | postgres-legacy) name=$(primary_of "$name") ;; esac
# shellcheck disable=SC2046  # a list of words
one_of process "$name" $(recorded | grep -vE '^epmd$')

began=${EPOCHREALTIME/./}
passed() { printf '%d ms' $(((${EPOCHREALTIME/./} - began) / 1000)); }
fail_node "$name"
! is_cluster || say "the others do its work after $(passed)"
[ -z "$keep" ] || exit 0
case $name in
    api-* | worker-* | inventory*) start_service "$name" && wait_ready "$name" 120 ;;
    *) bring_back "$name" ;;
esac
say "$name is back after $(passed)"
