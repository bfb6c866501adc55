#!/usr/bin/env bash
# summary: send a crowd to the system, audit its books, and write a report
#
# usage: ./seckill load SCENARIO [options]
#        ./seckill load compare BEFORE AFTER
#
#   rush             everybody at opening time: sold out in seconds, then the long tail of refusals
#   steady           a constant rate of orders, with stock that lasts
#   browse-and-buy   sale page, order, status by polling or by event stream, payment
#   bots             twenty users who click without end: limits and rate limits must hold
#   restock          sold out, then units come back from cancelled orders and from operations
#   soak             ten minutes of orders that are paid, cancelled, or expire
#   compare          two reports side by side; each a directory of loadtests/reports, or its report.json
#
#   --rate N         visitors per second, at most: an open loop, they come whatever became of those before
#   --users N        instead a closed loop: so many users, each of whom comes again; --think MS between two visits
#   --seconds N      how long they come
#   --buyers N       distinct buyers (default: as many as visitors)
#   --stock N        units of each item (default: as many as the scenario needs at this rate)
#   --items N        items on sale
#   --connections N  requests under way at once, at most (default 2000)
#   --warm-up N      seconds of load before anything counts (default 3)
#   --p99 MS         pass mark for p99, in milliseconds
#   --errors PERCENT pass mark for requests that fail or are answered 503
#   --output DIR     where the directory of the report is made (default loadtests/reports)
#   --url URL        a storefront that we did not start, or several with commas between them
#   --ops-url URL    its InventoryService. OPS_KEY, BUYER_TOKEN_KEY and PAYMENT_KEY name its keys, and
#                    ConnectionStrings__Redis and __Orders, if given, let the audit look into its stores
#
# Without --url it runs on the system that is up; when none is, it starts one of its own (two APIs, a worker) and leaves
# nothing running. Ctrl-C ends the load; what was sent until then is audited and reported as not passed. A second one ends all.
#
# Exit code: 0 when every pass mark is met and the books balance, 1 when not or when the system could not be asked, 2 when the
# command line or an environment variable cannot be used.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

command="./seckill load${*:+ $*}"
[ $# -gt 0 ] || bad_usage "load needs the name of a scenario"
url='' output=$ROOT/loadtests/reports arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --url) url=${2:-}; [ -n "$url" ] || bad_usage "--url needs an address"; arguments+=("$1" "$2"); shift 2 ;;
        --url=*) url=${1#*=}; [ -n "$url" ] || bad_usage "--url needs an address"; arguments+=("$1"); shift ;;
        --output) [ -n "${2:-}" ] || bad_usage "--output needs a directory"; output=$(realpath -m "$2"); shift 2 ;;
        --output=*) [ -n "${1#*=}" ] || bad_usage "--output needs a directory"; output=$(realpath -m "${1#*=}"); shift ;;
        *) arguments+=("$1"); shift ;;
    esac
done

sweep_abandoned
use_instance demo
if owner_alive || ! lock 60; then die "a demo or another load run of this checkout is going on"; fi
load=$RUN own=''

# However this ends: the client goes first, then what was started for it.
clean_up() {
    local code=$?
    trap '' INT TERM HUP
    RUN=$load
    end_jobs client build
    if [ -n "$own" ]; then
        use_instance demo
        say "taking the system down"
        bring_down wipe
        [ "$code" -eq 0 ] || say "its logs: $RUN/logs"
    fi
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

build || exit 1
if [ "${arguments[0]:-}" != compare ]; then
    # Nobody wants to wait for a system to hear of a slip of the finger.
    dotnet "$(load_client)" load "${arguments[@]}" --check || exit 2
fi

if [ -z "$url" ] && [ "${arguments[0]}" != compare ]; then
    use_instance main
    if anything_alive && (load_settings; ready api-1 && ready inventory); then
        say "sending the load to the system that is up"
    elif anything_alive; then
        lock 600 || die "another seckill command does not finish"
        bring_up 2 1
        unlock
    else
        use_instance demo
        own=1
        bring_up 2 1
    fi
    while IFS= read -r line; do export "${line?}"; done < <(print_env)
fi

RUN=$load
LOAD_COMMIT=$(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown) LOAD_COMMAND=$command
export LOAD_COMMIT LOAD_COMMAND
[ "${arguments[0]}" = compare ] || arguments+=(--output "$output")
(launch client '' "$PWD" dotnet "$(load_client)" load "${arguments[@]}") &
client=$!
stop_load() {
    # shellcheck disable=SC2064  # the client of now
    trap "{ kill -KILL -- -$client; wait $client; } 2>/dev/null || true; exit 130" INT
    say "ending the load; the books come next (Ctrl-C again: end all)"
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
