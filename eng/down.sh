#!/usr/bin/env bash
# summary: stop everything that up started
#
# usage: ./seckill down [--wipe]
#
#   --wipe   also delete the data of the servers that up started
#
# Services get 15 seconds to finish their work. Without --wipe the next up finds the data again.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

wipe=''
while [ $# -gt 0 ]; do
    case $1 in
        --wipe) wipe=wipe; shift ;;
        *) bad_usage "unknown option of down: $1" ;;
    esac
done

use_instance main
lock 600 || die "another seckill command of this checkout is still running"
sweep_abandoned
bring_down $wipe
say "down${wipe:+, data deleted}"
