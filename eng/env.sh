#!/usr/bin/env bash
# summary: print addresses, keys and connection strings as NAME=value lines
#
# usage: ./seckill env
#
# Prints those of the running system, or of the one that `up` would start. Values are not quoted and may contain
# `;`, so read the lines instead of sourcing them:
#
#   while IFS= read -r line; do export "$line"; done < <(./seckill env)
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

[ $# -eq 0 ] || bad_usage "unknown option of env: $1"
use_running_instance
print_env
