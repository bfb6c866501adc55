#!/usr/bin/env bash
# summary: break the system on purpose, hundreds of times, and check every promise
#
# usage: ./seckill chaos [--runs N] [--seed N] [--room] [--variant NAME] [--output DIR]
#        ./seckill chaos --variants [--seed N] [--output DIR]
#
#   --runs N         number of runs, each with a sale and at least five faults (default 20)
#   --seed N         seed of the first run; each further run has the next (default: random, and printed)
#   --room           every sale has a waiting room (else one in three)
#   --variant NAME   break the product on purpose: exit code 0 means that a run noticed
#   --variants       every variant, each until a run notices it; at most 20 runs
#   --output DIR     write the tables into DIR/chaos.md (docs/chaos.md comes from --output docs)
#
# Starts servers and services of its own, on SECKILL_PORT_BASE + 300 and up, and leaves nothing running. Stops at the first
# broken promise and keeps its evidence under .run/chaos/<seed>. A seed decides the faults, their time and their target; it
# does not decide how the machine schedules them.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

# Debug, because only a debug build has fail points.
FLAVOUR=Debug

sweep_abandoned
use_instance chaos
if owner_alive || ! lock 60; then die "another chaos run of this checkout is running"; fi

runner=()
while [ $# -gt 0 ]; do
    case $1 in
        --runs | --seed) number "$1" "${2:-}" 1 100000000; runner+=("$1" "$2"); shift 2 ;;
        --variant) [ -n "${2:-}" ] || bad_usage "--variant needs a name"; runner+=("$1" "$2"); shift 2 ;;
        --output) [ -n "${2:-}" ] || bad_usage "--output needs a directory"; mkdir -p "$2"; runner+=("$1" "$(realpath "$2")"); shift 2 ;;
        --variants | --room) runner+=("$1"); shift ;;
        *) bad_usage "unknown option of chaos: $1" ;;
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
(launch run '' "$PWD" dotnet "$(output_of loadtests/Chaos)/Seckill.Chaos.dll" "${runner[@]}") &
wait $!
