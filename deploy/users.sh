#!/usr/bin/env bash
# The users of a store, with their passwords filled in, on standard output: one user for each role of the processes, and one that reads.
#
# usage: SECKILL_API_PASSWORD=… … deploy/users.sh STORE
#
#   postgres, postgres-legacy   SQL, for psql as an administrator, in the orders and in the legacy database
#   redis                       a file for --aclfile, or ACL LOAD
#   rabbitmq                    definitions, for load_definitions or rabbitmqctl import_definitions
#
# Needs SECKILL_<USER>_PASSWORD for OWNER (PostgreSQL), ADMIN (the others), API, WORKER, INVENTORY and READER. Repeatable: running it with
# other passwords changes them.
set -euo pipefail

folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

password() {
    local name=SECKILL_${1^^}_PASSWORD
    [[ ${!name:-} =~ ^[A-Za-z0-9_-]{16,}$ ]] || { echo "$name must have at least 16 letters, digits, - or _" >&2; exit 1; }
    printf %s "${!name}"
}

sha256() { sha256sum | cut -d ' ' -f 1; }

# shellcheck disable=SC2059  # the format is the bytes
unhex() { printf "$(sed 's/../\\x&/g' <<<"$1")"; }

# As RabbitMQ keeps a password: base64 of a salt of four bytes, and the SHA-256 of salt and password.
rabbitmq_hash() {
    local salt
    salt=$({ echo salt; password "$1"; } | sha256)
    salt=${salt:0:8}
    unhex "$salt$({ unhex "$salt"; password "$1"; } | sha256)" | base64 -w 0
}

script='/^#/d'
case ${1:-} in
    postgres | postgres-legacy)
        users=(owner api worker inventory reader) file=roles.sql
        [ "$1" = postgres ] || { users=(owner api worker reader) file=legacy-roles.sql; }
        echo 'set client_min_messages = warning;'
        cat "$folder/postgres/$file"
        for user in "${users[@]}"; do
            secret=$(password "$user")
            echo "alter role seckill_$user password '$secret';"
        done
        ;;
    redis)
        for user in admin api worker inventory reader; do
            hash=$(password "$user" | sha256)
            script+=";s|{$user}|$hash|"
        done
        sed "$script" "$folder/redis/users.acl"
        ;;
    rabbitmq)
        for user in admin api worker inventory reader; do
            hash=$(rabbitmq_hash "$user")
            script+=";s|{$user}|$hash|"
        done
        sed "$script" "$folder/rabbitmq/definitions.json"
        ;;
    *) echo "usage: deploy/users.sh postgres | postgres-legacy | redis | rabbitmq" >&2; exit 2 ;;
esac
