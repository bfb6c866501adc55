#!/usr/bin/env bash
# summary: start servers and services, and wait until each is ready
#
# usage: ./seckill up [--apis N] [--workers N]
#
#   --apis N      copies of the storefront API, 1 to 8 (default 1)
#   --workers N   copies of the order worker, 0 to 10 (default 1)
#
# May be repeated: it starts missing processes, restarts services that were rebuilt or run with other settings, and
# stops surplus copies. Logs and data are under .run/. The settings are those of this shell: `up` names those that differ
# from the running services', and checks them before it stops anything.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

apis=1 workers=1
while [ $# -gt 0 ]; do
    case $1 in
        --apis) number "$1" "${2:-}" 1 8; apis=$2; shift 2 ;;
        --workers) number "$1" "${2:-}" 0 10; workers=$2; shift 2 ;;
        *) bad_usage "unknown option of up: $1" ;;
    esac
done

use_instance main
lock 600 || die "another seckill command of this checkout is still running"
sweep_abandoned
bring_up "$apis" "$workers"
say "up: storefront $(api_urls), ops http://127.0.0.1:$(port_of inventory)"
say "next: ./seckill status, ./seckill env, ./seckill logs, ./seckill down"
