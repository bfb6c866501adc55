#!/usr/bin/env bash
# summary: machines and limits for a sale, and its first bottleneck, from measured costs
#
# usage: ./seckill plan --sale FILE --clicks N [--seconds N] [--hottest PERCENT] [--cores N] [--bench FILE]
#
#   --sale FILE        the sale as POST /sales takes it
#   --clicks N         how many clicks come in all
#   --seconds N        in how many seconds (default 10)
#   --hottest PERCENT  share of the clicks on the item with the most units (default: like its units)
#   --cores N          cores of a machine for APIs (default 2)
#   --bench FILE       benchmarks.json with the costs of your machines, from ./seckill bench --output DIR (default: docs/benchmarks.json)
#
# The formula is that of docs/OPERATIONS.md (Capacity). Needs no running system.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

arguments=(--bench "$ROOT/docs/benchmarks.json")
while [ $# -gt 0 ]; do
    documented_option plan "$@"
    [ "${1%%=*}" != --bench ] || arguments=("${arguments[@]:2}")
    arguments+=("${@:1:$TAKES}")
    shift "$TAKES"
done
[ -f "$(load_client)" ] || build
exec dotnet "$(load_client)" plan "${arguments[@]}"
