#!/usr/bin/env bash
# summary: run a real sale on real servers, check every number, and clean up
#
# usage: ./seckill demo [--buyers N] [--stock N] [--items N] [--cluster] [--keep]
#
#   --buyers N   number of buyers
#   --stock N    units of each item
#   --items N    items on sale
#   --cluster    on several nodes of each server, as ./seckill up --cluster starts them
#   --keep       leave the system running afterwards, and print its addresses
#
# Starts two APIs and a worker on servers and data of its own, and leaves nothing running. If the system is already
# up, the sale runs there and the system stays up. Exit code: 0 when every number is right.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"
source "$lib/client.sh"

client=() keep='' cluster=''
while [ $# -gt 0 ]; do
    case $1 in
        --buyers | --stock | --items) number "$1" "${2:-}" 1 10000000; client+=("$1" "$2"); shift 2 ;;
        --keep) keep=1; shift ;;
        --cluster) cluster=cluster; shift ;;
        *) bad_usage "unknown option of demo: $1" ;;
    esac
done

begin_client "another demo, or a load run, of this checkout is running"
join_system "$keep" $cluster
start_client demo "${client[@]}"
code=0
wait $! || code=$?
[ -z "$keep" ] || say "still up: storefront $ORDER_URLS, ops $INVENTORY_URL; ./seckill down stops it"
exit $code
