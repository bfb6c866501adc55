#!/usr/bin/env bash
# summary: list the logs, or follow one
#
# usage: ./seckill logs [NAME] [--no-follow]
#
#   NAME          a process as `status` names it, or build, apt, ...; without it: list all logs
#   --no-follow   print the end of the log and exit
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

name='' follow=(-F)
while [ $# -gt 0 ]; do
    case $1 in
        --no-follow) follow=(); shift ;;
        -*) bad_usage "unknown option of logs: $1" ;;
        *) name=$1; shift ;;
    esac
done

use_running_instance
logs=$RUN/logs
[ -n "$(find "$logs" -name '*.log*' -size +0 -print -quit)" ] || die "no logs: nothing has run in this checkout yet; run ./seckill up"
if [ -z "$name" ]; then
    find "$logs" -name '*.log*' -size +0 -printf '%f\t%kK\t%TF %.8TT\n' | sed 's/\.log\t/\t/' | sort -V
    exit
fi
case $name in */* | .*) bad_usage "not the name of a log: $name" ;; esac
if [ -f "$RUN/containers" ] && [[ " ${SERVERS[*]} " == *" $name "* ]]; then
    exec docker compose --project-name "$(compose_project)" logs --tail 200 ${follow:+--follow} "${name%-legacy}"
fi
[ -f "$logs/$name.log" ] || die "no log of $name; ./seckill logs lists them"
exec tail -n 200 "${follow[@]}" "$logs/$name.log"
