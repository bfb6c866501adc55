#!/usr/bin/env bash
# summary: print the version and the commit
#
# usage: ./seckill --version
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[ $# -eq 0 ] || bad_usage "version takes no option"
echo "seckill $(version)$(revision | sed 's/^/ (commit /; s/$/)/')"
