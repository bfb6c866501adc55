#!/usr/bin/env bash
# summary: stop everything that up started
#
# usage: ./seckill down [--wipe]
#
#   --wipe   also delete the data of the servers that up started
#
# Services may finish their work for 15 seconds. Without --wipe the data is there at the next up.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

wipe=''
while [ $# -gt 0 ]; do
    case $1 in
        --wipe) wipe=wipe; shift ;;
        *) bad_usage "down does not know $1" ;;
    esac
done

use_instance main
lock 600 || die "another seckill command does not finish"
sweep_abandoned
bring_down $wipe
say "down${wipe:+, data deleted}"
