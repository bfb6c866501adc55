#!/usr/bin/env bash
# summary: start servers and services, and wait until each is ready
#
# usage: ./seckill up [--apis N] [--workers N] [--cluster]
#
#   --apis N      copies of the storefront API, 1 to 8 (default 1, in a cluster 2)
#   --workers N   copies of the order worker, 0 to 10 (default 1, in a cluster 2)
#   --cluster     Redis Cluster of three primaries and three replicas, three nodes of RabbitMQ, each PostgreSQL with a synchronous standby,
#                 two InventoryServices; an order is promised when a replica has it (Redis__Replicas=1). Needs 2 GB. ./seckill fail kills
#                 one of them. The next up finds the same; ./seckill down --wipe ends it.
#
# May be repeated: it starts missing processes, restarts services that were rebuilt or run with other settings, and
# stops surplus copies. Logs and data are under .run/. The settings are those of this shell: `up` names those that differ
# from the running services', and checks them before it stops anything.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

apis='' workers='' cluster=''
while [ $# -gt 0 ]; do
    case $1 in
        --apis) number "$1" "${2:-}" 1 8; apis=$2; shift 2 ;;
        --workers) number "$1" "${2:-}" 0 10; workers=$2; shift 2 ;;
        --cluster) cluster=cluster; shift ;;
        *) bad_usage "unknown option of up: $1" ;;
    esac
done

use_instance main
lock 600 || die "another seckill command of this checkout is still running"
sweep_abandoned
use_topology $cluster
copies=1
! is_cluster || copies=2
bring_up "${apis:-$copies}" "${workers:-$copies}"
say "up: storefront $(api_urls), ops $(inventory_urls)"
say "next: ./seckill status, ./seckill env, ./seckill logs, ./seckill down"
