#!/usr/bin/env bash
# summary: print addresses, keys and connection strings as NAME=value lines
#
# usage: ./seckill env [--admin | --tools | --compose]
#
#   --admin   also Admin__Redis, Admin__RabbitMq, Admin__Orders and Admin__Legacy: full rights on the servers that `up` started,
#             for operators and tests; nothing for servers that you named
#   --compose instead: random keys and passwords for `docker compose up`, to be kept in .env
#   --tools   instead: what a shell evaluates so that redis-cli, psql, rabbitmqctl and the commands of docs/OPERATIONS.md reach the
#             system that `up` started:  eval "$(./seckill env --tools)"
#
# Prints those of the running system, or of the one that `up` would start; the connection strings are those of a user that reads. Values
# are not quoted and may contain `;`, so read the lines instead of sourcing them:
#
#   while IFS= read -r line; do export "$line"; done < <(./seckill env)
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

wanted=''
case ${1:-} in --admin | --tools | --compose) wanted=$1; shift ;; esac
[ $# -eq 0 ] || bad_usage "unknown option of env: $1"
use_running_instance
case $wanted in
    --tools) print_tools ;;
    --compose) print_compose ;;
    *) print_env $wanted ;;
esac
