#!/usr/bin/env bash
# summary: break the system on purpose, hundreds of times, and check every promise
#
# usage: ./seckill chaos [--runs N] [--seed N] [--variant NAME] [--output DIR]
#        ./seckill chaos --variants [--seed N] [--output DIR]
#
#   --runs N         runs, each with a sale and at least five faults (default 20)
#   --seed N         seed of the first run; each further run has the next (default: drawn, and printed)
#   --variant NAME   with the product broken on purpose: a run should notice, and exit code 0 means that one did
#   --variants       every variant, each until it is noticed, for 20 runs at most
#   --output DIR     the tables go into DIR/chaos.md: --output docs is how docs/chaos.md is made
#
# Starts servers and services of its own, on SECKILL_PORT_BASE + 300 and further, and leaves nothing running. Stops at
# the first broken promise and keeps everything about it under .run/chaos/<seed>. A seed decides what is done, when, and to
# whom; it does not decide what the machine makes of it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

# Debug, because only a debug build has fail points.
FLAVOUR=Debug

sweep_abandoned
use_instance chaos
if owner_alive || ! lock 60; then die "another chaos run of this checkout is going on"; fi

runner=()
while [ $# -gt 0 ]; do
    case $1 in
        --runs | --seed) number "$1" "${2:-}" 1 100000000; runner+=("$1" "$2"); shift 2 ;;
        --variant) [ -n "${2:-}" ] || bad_usage "--variant needs a name"; runner+=("$1" "$2"); shift 2 ;;
        --output) [ -n "${2:-}" ] || bad_usage "--output needs a directory"; mkdir -p "$2"; runner+=("$1" "$(realpath "$2")"); shift 2 ;;
        --variants) runner+=("$1"); shift ;;
        *) bad_usage "chaos does not know $1" ;;
    esac
done

clean_up() {
    local code=$?
    trap '' INT TERM HUP
    end_jobs run build
    bring_down wipe
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

require_packages redis rabbitmq postgres
# For processes whose clock is wrong; without it the runs say so.
require_tool faketime faketime
build || exit 1
(launch run '' "$PWD" dotnet "$(output_of tests/Seckill.Scenarios)/Seckill.Scenarios.dll" chaos "${runner[@]}") &
wait $!
