#!/usr/bin/env bash
# summary: run a real sale on real servers, check every number, and clean up
#
# usage: ./seckill demo [--buyers N] [--stock N] [--items N] [--keep]
#
#   --buyers N   number of buyers
#   --stock N    units of each item
#   --items N    items on sale
#   --keep       leave the system running afterwards, and print its addresses
#
# Starts two APIs and a worker on servers and data of its own, and leaves nothing running. If the system is already
# up, the sale runs there and the system stays up. Exit code: 0 when every number is right.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

client=() keep=''
while [ $# -gt 0 ]; do
    case $1 in
        --buyers | --stock | --items) number "$1" "${2:-}" 1 10000000; client+=("$1" "$2"); shift 2 ;;
        --keep) keep=1; shift ;;
        *) bad_usage "unknown option of demo: $1" ;;
    esac
done

sweep_abandoned
use_instance demo
if owner_alive || ! lock 60; then die "another demo of this checkout is running"; fi
demo=$RUN own=''

# On every exit: stop the client first, then the system that was started for it.
clean_up() {
    local code=$?
    trap '' INT TERM HUP
    RUN=$demo
    end_jobs client build
    if [ -n "$own" ]; then
        use_instance demo
        say "stopping the demo"
        bring_down wipe
        [ "$code" -eq 0 ] || say "logs: $RUN/logs"
    fi
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

use_instance main
if anything_alive && (load_settings; ready api-1 && ready inventory); then
    say "running the sale on the running system"
elif anything_alive || [ -n "$keep" ]; then
    lock 600 || die "another seckill command of this checkout is still running"
    bring_up 2 1
    unlock
else
    use_instance demo
    own=1
    bring_up 2 1
fi

while IFS= read -r line; do export "${line?}"; done < <(print_env)
RUN=$demo
(launch client '' "$PWD" dotnet "$(load_client)" demo "${client[@]}") &
code=0
wait $! || code=$?
[ -z "$keep" ] || say "still up: storefront $ORDER_URLS, ops $INVENTORY_URL; ./seckill down stops it"
exit $code
