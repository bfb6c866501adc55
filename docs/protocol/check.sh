#!/usr/bin/env bash
# Checks the model: every run of runs.txt, or those whose names contain WORDS. Prints a table of spin's results.
#
# usage: docs/protocol/check.sh [WORDS]
#
# Needs spin and gcc. Fails when a result differs from runs.txt. If SPIN_DIR is set, the trail of a broken run stays there:
# spin -k seckill.pml.trail -p (with -DNAME for each of the run's defines) seckill.pml   shows the steps.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${SPIN_DIR:-$(mktemp -d)}
[ -n "${SPIN_DIR:-}" ] || trap 'rm -rf "$work"' EXIT

trim() { sed -E 's/^ +| +$//g' <<<"$1"; }

# run DEFINES ARGUMENTS OPTIMIZATION: sets FOUND, STATES, MEGABYTES, SECONDS_TAKEN.
run() {
    local defines=() mode=-DSAFETY define
    for define in $1; do defines+=("-D$define"); done
    [[ $1 != *LIVENESS* ]] || mode=-DNFAIR=3
    rm -rf "${work:?}"/run && mkdir -p "$work/run" && cd "$work/run"
    spin "${defines[@]}" -a "$here/seckill.pml" >spin.log
    gcc "$3" -w -DMEMLIM=1000 $mode -o pan pan.c
    # shellcheck disable=SC2086  # a list of words
    ./pan -m400000 $2 >pan.log 2>&1 || true
    STATES=$(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' pan.log)
    MEGABYTES=$(sed -nE 's/^ *([0-9]+)[0-9.]*\ttotal actual memory usage/\1/p' pan.log)
    SECONDS_TAKEN=$(sed -nE 's/^pan: elapsed time ([0-9.]+) seconds/\1/p' pan.log)
    if grep -q 'acceptance cycle' pan.log; then
        FOUND=starves
    elif grep -q 'assertion violated' pan.log; then
        FOUND="breaks $(sed -nE 's/.*assertion violated *\(*([0-9])\*.*/\1/p' pan.log)"
    elif grep -q 'errors: 0$' pan.log && ! grep -qE 'not completed|out of memory|depth too small' pan.log; then
        FOUND=holds
    else
        FOUND="nothing certain: $(grep -m 1 -E '^(pan|error|spin)' pan.log || tail -n 1 pan.log)"
    fi
}

failed=0
echo '| what | spin finds | states | MB | seconds |'
echo '| --- | --- | ---: | ---: | ---: |'
while IFS='|' read -r name expected defines arguments; do
    name=$(trim "$name") expected=$(trim "$expected")
    [[ -n $name && $name != '#'* && $name == *"${1:-}"* ]] || continue
    # A broken variant fails at once; optimizing would take longer than the search.
    optimization=-O2
    [ "$expected" = holds ] || optimization=-O0
    run "$defines" "$arguments" $optimization
    echo "| $name | $FOUND | $STATES | ${MEGABYTES:-} | $SECONDS_TAKEN |"
    [ "$FOUND" = "$expected" ] || { echo "$name: expected that it $expected" >&2; failed=1; }
done <"$here/runs.txt"
exit $failed
