#!/usr/bin/env bash
# summary: compute the draw of a waiting room again
#
# usage: ./seckill verify-queue FILE
#
#   FILE is the answer of GET /sales/{id}/queue/proof or /queue/receipt, or an object {"proof": ..., "receipts": [...]};
#   - reads standard input. Needs no running system. Exit code 0: right, 1: wrong, 2: not such a file, 3: not drawn yet.
source "$(dirname "${BASH_SOURCE[0]}")/lib/system.sh"

[ $# -eq 1 ] || bad_usage "verify-queue takes one file"
[ -f "$(load_client)" ] || build
exec dotnet "$(load_client)" verify-queue "$1"
