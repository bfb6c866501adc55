#!/usr/bin/env bash
# summary: measure the system against a ceiling and two baselines
#
# usage: ./seckill bench micro [--output DIR]
#        ./seckill bench runner | seed [--rounds N] [--seconds N] [--output DIR]
#        ./seckill bench startup [--rounds N] [--output DIR]
#        ./seckill bench cold [--rounds N] [--seconds N] [--connections N] [--output DIR]
#        ./seckill bench overload [--times N] [--rounds N] [--seconds N] [--connections N] [--output DIR]
#        ./seckill bench size | queue | sales [--holds N] [--rounds N] [--seconds N] [--output DIR]
#        ./seckill bench [NAME...] [--rounds N] [--seconds N] [--connections N] [--buyers N] [--orders N] [--outage N]
#        [--output DIR]
#
#   micro             time and bytes of single parts, into microbenchmarks.md
#   runner            the load runner against wrk and h2load, into runner.md
#   seed              5,000 buyers at once: Seckill against a transaction and a connection for each order, into
#                     seed-figure.md (default 40 seconds each)
#   startup           time from the start of a storefront process to ready, published and built, with its warm-up and without it,
#                     into startup.md
#   cold              the first three seconds of a rush at a storefront that has just become ready, against the same rush when it is
#                     warm, after --seconds of load; with its warm-up and without it, into cold.md
#   size              an item with 100,000, 500,000 and 2,000,000 live orders: bytes of each, time of audit, rebuild, sell-out,
#                     restart and AOF rewrite, and what another item's buyers see meanwhile, into size.md
#   queue             a waiting room with 100,000 and 1,000,000 buyers: bytes of each, time of the draw, registrations, and polls
#                     against an empty endpoint, into waiting-room.md
#   sales             1,000 sales from their creation to their archive: keys, memory and idle commands of Redis and the time of an
#                     audit, before and after, and how late a sale opens by itself, into sales.md
#   overload          more clicks than can be served: an open loop at --times what a closed loop reaches, payments and retries beside
#                     it, and the time until all are admitted again, into overload.md
#   NAME              empty, accept, sold-out, per-order, row-lock, life (default: all of them). Or dual-write
#                     alone: cost of the legacy write, its lag, and its recovery after an outage. Or observability
#                     alone: cost of metrics, traces and their collector
#   --rounds N        runs of each variant, in turns (default 5)
#   --seconds N       length of each run (default 8)
#   --connections N   concurrent requests (default 512: the clicks of a flash sale come together)
#   --buyers N        distinct buyers (default 100000)
#   --orders N        life: orders that expire at one moment (default 100000)
#   --outage N        dual-write: seconds that the legacy database is down (default 60)
#   --holds N         size: live orders of the item; queue: buyers (default: all sizes); sales: how many (default 1000)
#   --times N         overload: how many times more come than a closed loop serves (default 3)
#   --output DIR      where benchmarks.md and benchmarks.json go (default .run/bench/results)
#
# Starts servers and services of its own, on SECKILL_PORT_BASE + 200 and up, and leaves nothing running. The load comes
# from wrk (and h2load); root installs them when they are missing. Exit code: 0 when no promise was broken meanwhile.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

command="./seckill bench${*:+ $*}"
client=() names=() alone='' output='' micro=
while [ $# -gt 0 ]; do
    case $1 in
        --rounds | --seconds | --connections | --buyers | --orders | --outage | --holds | --times)
            number "$1" "${2:-}" 1 10000000; client+=("$1" "$2"); shift 2 ;;
        --output) [ -n "${2:-}" ] || bad_usage "--output needs a directory"; output=$2; shift 2 ;;
        -*) documented_option bench "$1" ;;
        micro) micro=1; shift ;;
        cold | overload | queue | runner | sales | seed | size | startup | dual-write | observability)
            client+=("$1") names+=("$1") alone=$1; shift ;;
        *)
            one_of benchmark "$1" micro cold overload queue runner sales seed startup size empty accept sold-out per-order row-lock life \
                dual-write observability
            client+=("$1") names+=("$1")
            shift
            ;;
    esac
done

[ -z "$micro" ] || [ ${#client[@]} -eq 0 ] || bad_usage "bench micro takes only --output"
[ -z "$alone" ] || [ ${#names[@]} -eq 1 ] || bad_usage "bench $alone takes no other name"

sweep_abandoned
use_instance bench
if owner_alive || ! lock 60; then die "another benchmark of this checkout is running"; fi

output=${output:-$RUN/results}

clean_up() {
    local code=$?
    trap '' INT TERM HUP
    end_jobs client build
    say "stopping the benchmark"
    bring_down wipe
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if ! { command -v wrk && command -v h2load; } >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    say "installing Debian's wrk and h2load (first time only; log: $RUN/logs/apt.log)"
    install_packages wrk nghttp2-client >>"$RUN/logs/apt.log" 2>&1 || say "could not install wrk: the load comes from Seckill's own client"
fi

as_in_production

# measure: runs the load client against the started system, and exits with its exit code.
measure() {
    while IFS= read -r line; do export "${line?}"; done < <(print_env clients)
    BENCH_COMMIT=$(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown) BENCH_COMMAND=$command
    export BENCH_COMMIT BENCH_COMMAND BENCH_PIDS=$RUN/pids
    (launch client '' "$PWD" "$@") &
    wait $!
    exit
}

start_baseline() {
    say "starting $1"
    spawn "$1" '' "$RUN" dotnet "$(output_of loadtests/Baselines)/Seckill.Baselines.dll" \
        --variant "$1" --urls "http://127.0.0.1:$2" --Management:Port $(($2 + OPS_PORT_OFFSET))
    until http_get "$2" /health/ready; do
        alive "$1" || die "$1 did not start; see $RUN/logs/$1.log"
        sleep 0.1
    done
}

# publish: OrderService as the images are built; see OrderService/Dockerfile.
publish() {
    say "publishing OrderService (log: $RUN/logs/publish.log)"
    (launch build '' "$ROOT" dotnet publish OrderService/OrderService.csproj -c Release --use-current-runtime -p:RestoreLockedMode=true \
        --disable-build-servers -v quiet -o "$RUN/published") >"$RUN/logs/publish.log" 2>&1 &
    wait $! || die "could not publish OrderService; see $RUN/logs/publish.log"
    export BENCH_START=http://127.0.0.1:$(port_of api-1) BENCH_START_PROGRAM=$RUN/published/Seckill.OrderService
}

if [ "$alone" = cold ]; then
    bring_up 0 1
    publish
    measure dotnet "$(load_client)" bench "${client[@]}" --output "$output"
fi

if [ "$alone" = startup ]; then
    # Only the servers: in production a storefront does not even share its machine with them.
    keep_ports
    resolve_servers
    # shellcheck disable=SC2046  # a list of words
    require_ports $(own_processes) api-1
    start_servers_and_build || exit 1
    install_app OrderService '^(api|worker)-'
    publish
    export BENCH_START_BUILT=$RUN/app/OrderService/Seckill.OrderService.dll
    measure dotnet "$(load_client)" bench "${client[@]}" --output "$output"
fi

[ "$alone" != sales ] || export Sales__OpenAheadMinutes=60
bring_up 1 1
[ -z "$micro" ] || measure dotnet "$(output_of loadtests/Microbenchmarks)/Seckill.Microbenchmarks.dll" "$output"

export BENCH_API=http://127.0.0.1:$BASE BENCH_EMPTY=http://127.0.0.1:$((BASE + 2))
export BENCH_PER_ORDER=http://127.0.0.1:$((BASE + 5)) BENCH_ROW_LOCK=http://127.0.0.1:$((BASE + 6))
case $alone in
    observability)
        export BENCH_OBSERVED=http://127.0.0.1:$((BASE + 3)) BENCH_COLLECTOR=http://127.0.0.1:$((BASE + 8))
        OTEL_EXPORTER_OTLP_ENDPOINT=$BENCH_COLLECTOR OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf start_service api-3
        wait_ready api-3 60
        ;;
    runner)
        start_baseline empty $((BASE + 2))
        start_baseline waiting $((BASE + 6))
        export BENCH_WAITING=http://127.0.0.1:$((BASE + 6))
        ;;
    seed)
        # As many connections as the server allows: the last value of a setting counts.
        (
            export ConnectionStrings__Orders="$ConnectionStrings__Orders;Maximum Pool Size=10000"
            start_baseline row-lock $((BASE + 6))
        )
        export BENCH_SEED=http://127.0.0.1:$((BASE + 6))
        ;;
    dual-write | overload | sales | size) ;;
    queue) start_baseline empty $((BASE + 2)) ;;
    *)
        start_baseline empty $((BASE + 2))
        start_baseline per-order $((BASE + 5))
        start_baseline row-lock $((BASE + 6))
        ;;
esac
measure dotnet "$(load_client)" bench "${client[@]}" --output "$output"
