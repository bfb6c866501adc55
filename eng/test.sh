#!/usr/bin/env bash
# summary: run all tests against real servers of their own
#
# usage: ./seckill test [WORD...] [-- | --filter X | any option of dotnet test]
#
#   WORD   run only tests whose full name contains one of the words
#
# The servers listen on SECKILL_PORT_BASE + 100 and up, and are deleted afterwards. Results stay under
# .run/test/results. The last line is `N passed, N failed`; a project that crashes, or runs no test, counts as
# one failed. System.Tests run beside the others, on servers of their own (+ 500), and those that kill processes after them; with
# containers, or servers that the caller names, all projects run one after the other.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

words='' options=()
while [ $# -gt 0 ]; do
    case $1 in
        -*) [ "$1" != -- ] || shift; options+=("$@"); break ;;
        *) words+="${words:+|}FullyQualifiedName~$1"; shift ;;
    esac
done
[ -z "$words" ] || options+=(--filter "$words")

# Debug, because only a debug build stops at the misuse of a pooled object.
FLAVOUR=Debug

sweep_abandoned
use_instance test
if owner_alive || ! lock 60; then die "another test run of this checkout is running"; fi

clean_up() {
    local code=$?
    trap '' INT TERM HUP
    end_jobs run build
    (JOB=""; use_instance test-system; end_jobs run; bring_down wipe)
    bring_down wipe
    for instance in test-chaos test-cluster; do (use_instance $instance; bring_down wipe); done
    [ -z "${summary:-}" ] || echo "$summary"
    exit $code
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

counter() { sed -nE "s/.*<Counters .*\b$1=\"([0-9]+)\".*/\1/p" "$2" 2>/dev/null | head -n 1; }

passed=0 failed=0 skipped=0
summary="0 passed, 1 failed"
rm -rf "$RUN/results"
mkdir -p "$RUN/results"
resolve_servers
# wanted FOLDER...: tests of one of these folders will run.
wanted() {
    local folders=("${@/#/$ROOT/tests/}")
    [ -z "$words" ] || grep -rqE "${words//FullyQualifiedName~/}" "${folders[@]}" --include='*.cs'
}

# Prometheus's own checker.
if wanted System.Tests/Alerts; then require_tool promtool prometheus; fi
# spin checks the protocol's model and gcc compiles it; gencat comes with the C headers.
if wanted Protocol.Tests; then
    require_tool spin spin
    require_tool gcc gcc
    require_tool gencat libc6-dev
fi
# Processes whose clock is wrong.
if wanted System.Tests; then require_tool faketime faketime; fi
# shellcheck disable=SC2046  # a list of words
require_ports $(own_processes)
start_servers_and_build

export SECKILL_PORT_BASE=$BASE
# Some of these tests stop and freeze servers of their own, which is not possible with containers; some look at the dashboard.
if wanted System.Tests && can_install_packages; then
    require_packages redis rabbitmq postgres
    if wanted System.Tests/Browser; then require_packages chromium; fi
fi
results=$RUN/results

# run_project NAME PROJECT [OPTION...]: becomes the run, whose results have this name.
run_project() {
    launch run '' "$ROOT" dotnet test "$ROOT/tests/$2" --no-build -c "$FLAVOUR" --nologo \
        --logger "trx;LogFileName=$1.trx" --results-directory "$results" "${@:3}"
}

# System.Tests run beside the others, but for those that kill processes: these come last.
beside='' names=() faults=()
for project in "$ROOT"/tests/*.Tests; do
    name=${project##*/}
    [ "$name" = System.Tests ] || names+=("$name")
done
if [ "$SOURCE" = packages ] && [ "$EXTERNAL" = ' ' ] && wanted System.Tests; then
    others=("${options[@]}")
    if [ ${#options[@]} -eq 0 ]; then
        killing='FullyQualifiedName~System.Tests.Faults.|FullyQualifiedName~System.Tests.Chaos.'
        faults=(--filter "$killing") others=(--filter "$(sed 's/~/!~/g; s/|/\&/g' <<<"$killing")")
    fi
    (
        use_instance test-system
        echo "$$ $(identity $$)" >"$RUN/owner"
        resolve_servers
        # shellcheck disable=SC2046  # a list of words
        require_ports $(own_processes)
        start_servers
        run_project System.Tests System.Tests "${others[@]}"
    ) >"$results/System.Tests.log" 2>&1 &
    beside=$!
    [ ${#faults[@]} -eq 0 ] || names+=(System.Tests.Faults)
fi
names+=(System.Tests)

for name in "${names[@]}"; do
    trx=$results/$name.trx code=0
    if [ "$name" = System.Tests ] && [ -n "$beside" ]; then
        say "waiting for $name, which runs since the beginning (log: $results/$name.log)"
        wait "$beside" || code=$?
        cat "$results/$name.log"
    else
        filter=("${options[@]}")
        [ "$name" != System.Tests.Faults ] || filter=("${faults[@]}")
        run_project "$name" "${name%.Faults}" "${filter[@]}" &
        wait $! || code=$?
    fi
    total=$(counter total "$trx") executed=$(counter executed "$trx") good=$(counter passed "$trx")
    bad=$((${executed:-0} - ${good:-0})) left=$((${total:-0} - ${executed:-0}))
    # A crash, or no test without a filter, must not count as a success.
    if [ $bad -eq 0 ] && { [ $code -ne 0 ] || { [ "${total:-0}" -eq 0 ] && [ ${#options[@]} -eq 0 ]; }; }; then
        say "$name: exit code $code after ${total:-no} tests: counted as one failed"
        bad=1
    fi
    echo "$name: ${good:-0} passed, $bad failed, $left skipped"
    passed=$((passed + ${good:-0})) failed=$((failed + bad)) skipped=$((skipped + left))
done

[ $((passed + failed)) -gt 0 ] || { say "no test ran"; failed=1; }
summary="$passed passed, $failed failed"
[ $skipped -eq 0 ] || summary+=", $skipped skipped"
[ $failed -eq 0 ]
