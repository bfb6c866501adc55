#!/usr/bin/env bash
# summary: list the verbs
#
# usage: ./seckill help [verb]
set -euo pipefail

eng=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
[ $# -eq 0 ] || exec "$eng/../seckill" "$1" --help

echo "Seckill, a flash-sale order backend. usage: ./seckill <verb> [options]"
echo
listed=" demo up down status fail env token test logs load bench chaos fuzz help "
for file in "$eng"/*.sh; do
    verb=$(basename "$file" .sh)
    [[ $listed == *" $verb "* ]] || listed+="$verb "
done
for verb in $listed; do
    [ -f "$eng/$verb.sh" ] || continue
    printf '  %-8s %s\n' "$verb" "$(sed -n 's/^# summary: //p' "$eng/$verb.sh" | head -n 1)"
done
cat <<'END'

`./seckill <verb> --help` has the details. To see a first sale: ./seckill demo

  SECKILL_PORT_BASE      first port, default 8080: APIs and inventory take +0 to +19 and, for operators, +40 to +59, private servers
                         +20 to +26, the nodes of a cluster +70 to +92, a test run the same from +100, bench from +200, chaos from +300,
                         fuzz from +400. Give each checkout its own.
  ConnectionStrings__Redis, __RabbitMq, __Orders, __Legacy
                         servers to use instead of private ones; seckill never stops or wipes these.
END
