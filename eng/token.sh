#!/usr/bin/env bash
# summary: print signed buyer tokens, one per line
#
# usage: ./seckill token USER | FIRST-LAST
#
#   ./seckill token 42          one token, for user 42
#   ./seckill token 1-1000      a thousand tokens
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

[ $# -eq 1 ] || bad_usage "token takes one user or range"
[[ $1 =~ ^[1-9][0-9]*(-[1-9][0-9]*)?$ ]] || bad_usage "not a user or a range of users: $1"
use_running_instance
load_settings
[ -f "$(load_client)" ] || build
BUYER_TOKEN_KEY=$Auth__BuyerTokenKey exec dotnet "$(load_client)" token "$1"
