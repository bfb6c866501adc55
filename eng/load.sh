#!/usr/bin/env bash
# summary: send buyers to the system, audit it afterwards, and write a report
#
# usage: ./seckill load SCENARIO [options]
#        ./seckill load compare BEFORE AFTER
#
#   rush             all buyers at opening time: sold out in seconds, then the long tail of refusals
#   steady           a constant rate of orders, with stock that lasts
#   browse-and-buy   sale page, order, status by polling or by event stream, payment
#   bots             twenty users who click without end: limits and rate limits must hold
#   restock          sold out; then units come back from cancelled orders and from operations
#   soak             ten minutes of orders that are paid, cancelled, or expire, and nothing may grow that should not: memory,
#                    handles, connections, Redis. Also writes soak.md into the parent of the report's directory
#   queue            a waiting room: buyers register before the opening, poll as the answers say, and order with their pass
#   compare          two reports side by side; each a directory of loadtests/reports, or its report.json
#
#   --rate N         maximum visitors per second, in an open loop: visitors arrive on schedule and wait for no other
#   --users N        a closed loop instead: this many users, each of whom comes again; --think MS between two visits
#   --seconds N      duration of the arrivals
#   --buyers N       distinct buyers (default: as many as visitors)
#   --stock N        units of each item (default: as many as the scenario needs at this rate)
#   --items N        items on sale
#   --connections N  maximum concurrent requests (default 2000)
#   --warm-up N      seconds of load before the measurement (default 3)
#   --timeout N      seconds that a visitor waits for an answer (default 10)
#   --p99 MS         pass mark for p99, in milliseconds
#   --errors PERCENT pass mark for requests that fail or get 503
#   --output DIR     parent of the report's directory (default loadtests/reports)
#   --url URL        a storefront elsewhere, or several, separated by commas
#   --ops-url URL    its InventoryService. OPS_KEY, BUYER_TOKEN_KEY and PAYMENT_KEY have its keys. With
#                    ConnectionStrings__Redis and __Orders the audit also reads its stores
#
# Without --url it uses the running system; if there is none, it starts one (two APIs, a worker) and leaves nothing running.
# Ctrl-C ends the load; the audit covers the requests sent so far, and the report says not passed. A second Ctrl-C ends all.
#
# Exit code: 0 when every pass mark is met and the audit balances, 1 when not or when the system does not answer, 2 when the
# command line or an environment variable is invalid, 3 when nothing was wrong but the run is inconclusive: it did not show
# what it is about, or the generator was too slow.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"
source "$lib/client.sh"

command="./seckill load${*:+ $*}"
[ $# -gt 0 ] || bad_usage "load needs a scenario"
url='' output=$ROOT/loadtests/reports arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --url) url=${2:-}; [ -n "$url" ] || bad_usage "--url needs an address"; arguments+=("$1" "$2"); shift 2 ;;
        --url=*) url=${1#*=}; [ -n "$url" ] || bad_usage "--url needs an address"; arguments+=("$1"); shift ;;
        --output) [ -n "${2:-}" ] || bad_usage "--output needs a directory"; output=$(realpath -m "$2"); shift 2 ;;
        --output=*) [ -n "${1#*=}" ] || bad_usage "--output needs a directory"; output=$(realpath -m "${1#*=}"); shift ;;
        --*) documented_option load "$@"; arguments+=("${@:1:$TAKES}"); shift "$TAKES" ;;
        *) arguments+=("$1"); shift ;;
    esac
done
one_of scenario "${arguments[0]:-none}" rush steady browse-and-buy bots restock soak queue compare

begin_client "a demo, or another load run, of this checkout is running"
build || exit 1
if [ "${arguments[0]:-}" != compare ]; then
    # Reports a typing error before a system is started for it.
    dotnet "$(load_client)" load "${arguments[@]}" --check || exit 2
fi

if [ -z "$url" ] && [ "${arguments[0]}" != compare ]; then
    join_system
    # The processes whose memory and handles a soak watches.
    export LOAD_PIDS=$RUN/pids
fi

LOAD_COMMIT=$(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown) LOAD_COMMAND=$command
export LOAD_COMMIT LOAD_COMMAND
[ "${arguments[0]}" = compare ] || arguments+=(--output "$output")
start_client load "${arguments[@]}"
client=$!
stop_load() {
    # shellcheck disable=SC2064  # the client of now
    trap "{ kill -KILL -- -$client; wait $client; } 2>/dev/null || true; exit 130" INT
    say "ending the load; the audit is next (Ctrl-C again: end all)"
    kill -TERM -- "-$client" 2>/dev/null || true
}
trap stop_load INT
code=0
wait "$client" || code=$?
while kill -0 "$client" 2>/dev/null; do
    code=0
    wait "$client" || code=$?
done
exit "$code"
