#!/usr/bin/env bash
# summary: send generated requests, right and wrong, and hold every answer against the OpenAPI documents
#
# usage: ./seckill fuzz [--seconds N] [--seed N] [--only N]
#
#   --seconds N   length of the run (default 60)
#   --seed N      the seed decides all requests (default: random, and printed)
#   --only N      the case with this number alone: a finding prints its seed and number
#
# Fails on: a 5xx other than a documented 503; a status, code or body that the OpenAPI document of its operation does not have; a
# refusal that is no problem document; an invalid request that is accepted; a trace of a refused request in the stores; an order, a sale
# or a payment that no answer promised, or that is missing; an item out of balance; an error line in a log; a connection that hangs; a
# service that dies. Prints the exact request of each finding.
#
# Starts servers and services of its own, on SECKILL_PORT_BASE + 400 and up, and leaves nothing running. Exit code: 0 without a finding.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

sweep_abandoned
use_instance fuzz
if owner_alive || ! lock 60; then die "another fuzz run of this checkout is running"; fi

client=()
while [ $# -gt 0 ]; do
    case $1 in
        --seconds | --seed | --only) number "$1" "${2:-}" 1 100000000; client+=("$1" "$2"); shift 2 ;;
        *) bad_usage "unknown option of fuzz: $1" ;;
    esac
done

clean_up() {
    local code=$?
    trap '' INT TERM HUP
    end_jobs client build
    say "stopping the system"
    bring_down wipe
    [ "$code" -eq 0 ] || say "logs: $RUN/logs"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

as_in_production
# What an earlier run logged is no finding of this one.
rm -f "$RUN"/logs/*.log
bring_up 1 1
while IFS= read -r line; do export "${line?}"; done < <(print_env clients)
FUZZ_LOGS=$RUN/logs/api-1.log:$RUN/logs/worker-1.log:$RUN/logs/inventory.log
export FUZZ_LOGS
(launch client '' "$PWD" dotnet "$(output_of loadtests/Fuzz)/Seckill.Fuzz.dll" "${client[@]}") &
wait $!
