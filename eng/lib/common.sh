# Paths, ports, keys and messages that all verbs share. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*" >&2; }
die() { say "seckill: $*"; exit 1; }
bad_usage() { say "seckill: $* (see --help)"; exit 2; }

# number NAME VALUE MIN MAX: refuses all but a whole number within the bounds.
number() {
    if [[ ! ${2:-} =~ ^(0|[1-9][0-9]{0,8})$ ]] || [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
        bad_usage "$1 must be a whole number from $3 to $4, not '${2:-}'"
    fi
}

# closest WORD NAME...: the name that the word was meant to be, if one differs by at most two letters.
closest() {
    printf '%s\n' "${@:2}" | awk -v word="$1" '
        {
            for (j = 0; j <= length($0); j++) row[j] = j
            for (i = 1; i <= length(word); i++) {
                diagonal = row[0]; row[0] = i
                for (j = 1; j <= length($0); j++) {
                    cost = diagonal + (substr(word, i, 1) != substr($0, j, 1))
                    diagonal = row[j]
                    if (row[j - 1] + 1 < cost) cost = row[j - 1] + 1
                    if (row[j] + 1 < cost) cost = row[j] + 1
                    row[j] = cost
                }
            }
            distance = index($0, word) == 1 ? 1 : row[length($0)]
            if (distance <= 2 && (best == "" || distance < least)) { best = $0; least = distance }
        }
        END { print best }'
}

# one_of WHAT WORD NAME...: refuses a word that is none of the names, and says which one it may have been.
one_of() {
    local guess
    [[ " ${*:3} " != *" $2 "* ]] || return 0
    guess=$(closest "${@:2}")
    bad_usage "unknown $1: $2.${guess:+ Did you mean $guess?} There are: ${*:3}"
}

# documented_option VERB WORD [VALUE]: refuses an option that the help of the verb lacks, and one whose value is missing.
# Sets TAKES to the number of words that it takes.
documented_option() {
    local name=${2%%=*} line
    line=$(sed -n "s/^# *\\($name\\( [A-Z]*\\)\\{0,1\\}\\)  .*/\\1/p" "$ROOT/eng/$1.sh" | head -n 1)
    # shellcheck disable=SC2046  # a list of words
    [ -n "$line" ] || one_of "option of $1" "$name" $(sed -n 's/^#   \(--[a-z0-9-]*\) .*/\1/p' "$ROOT/eng/$1.sh")
    TAKES=1
    if [[ $line == *' '* && $2 != *=* ]]; then
        TAKES=2
        [[ -n ${3:-} && $3 != --* ]] || bad_usage "$name needs a value: $line"
    fi
}

# use_instance NAME: an instance is a directory of state and a range of ports. Demo and tests have their own, so that neither touches the
# data of the running system.
use_instance() {
    INSTANCE=$1
    BASE=${SECKILL_PORT_BASE:-8080}
    number SECKILL_PORT_BASE "$BASE" 1024 65000
    outside_ephemeral "$BASE"
    case $INSTANCE in
        main) RUN=$ROOT/.run ;;
        demo) RUN=$ROOT/.run/demo ;;
        test) RUN=$ROOT/.run/test; BASE=$((BASE + 100)) ;;
        bench) RUN=$ROOT/.run/bench; BASE=$((BASE + 200)) ;;
        # The second is for the tests; their base is already that of the test servers.
        chaos | test-chaos) RUN=$ROOT/.run/$INSTANCE; BASE=$((BASE + 300)) ;;
        fuzz) RUN=$ROOT/.run/fuzz; BASE=$((BASE + 400)) ;;
        # Of the tests, and beside those of test-chaos.
        test-cluster) RUN=$ROOT/.run/$INSTANCE; BASE=$((BASE + 200)) ;;
        test-system) RUN=$ROOT/.run/test-system; BASE=$((BASE + 500)) ;;
    esac
    mkdir -p "$RUN/pids" "$RUN/logs"
}

# outside_ephemeral BASE: a port from which the system serves outgoing connections may be taken when a server starts.
outside_ephemeral() {
    local first last
    read -r first last 2>/dev/null </proc/sys/net/ipv4/ip_local_port_range || return 0
    if [ $(($1 + 625)) -ge "$first" ] && [ "$1" -le "$last" ]; then
        bad_usage "SECKILL_PORT_BASE=$1: the ports $1 to $(($1 + 625)) meet $first to $last, from which the system takes ports for" \
            "outgoing connections. Choose a base below $((first - 625))"
    fi
}

# elsewhere: the directory for data that cannot be under .run. It must belong to this user.
elsewhere() {
    local dir
    dir=/var/tmp/seckill-$(digest <<<"$RUN")
    [ -d "$dir" ] || mkdir -m 711 "$dir"
    [ -O "$dir" ] || die "$dir belongs to another user"
    echo "$dir"
}

# From the port of a service to that of its ops listener; also in loadtests/Bench/ServerMetrics.cs.
OPS_PORT_OFFSET=40

# port_of NAME: the port of a process of this instance.
port_of() {
    case $1 in
        api-1) echo "$BASE" ;;
        inventory) echo $((BASE + 1)) ;;
        api-*) echo $((BASE + ${1#api-})) ;;
        worker-*) echo $((BASE + 9 + ${1#worker-})) ;;
        # The ops listener of a service.
        ops-*) echo $(($(port_of "${1#ops-}") + OPS_PORT_OFFSET)) ;;
        redis) echo $((BASE + 20)) ;;
        postgres) echo $((BASE + 21)) ;;
        rabbitmq) echo $((BASE + 22)) ;;
        rabbitmq-dist) echo $((BASE + 23)) ;;
        epmd) echo $((BASE + 24)) ;;
        postgres-legacy) echo $((BASE + 25)) ;;
        inventory-2) echo $((BASE + 26)) ;;
        # The nodes of a cluster.
        redis-bus-*) echo $((BASE + 79 + ${1#redis-bus-})) ;;
        redis-*) echo $((BASE + 69 + ${1#redis-})) ;;
        rabbitmq-dist-*) echo $((BASE + 89 + ${1#rabbitmq-dist-})) ;;
        rabbitmq-*) echo $((BASE + 86 + ${1#rabbitmq-})) ;;
        postgres-legacy-*) echo $((BASE + 77 + ${1#postgres-legacy-})) ;;
        postgres-*) echo $((BASE + 75 + ${1#postgres-})) ;;
    esac
}

# lock SECONDS: one command at a time changes an instance. The lock ends with this process, however it dies, or
# with its last background job.
lock() {
    exec {LOCK}>"$RUN/lock"
    if ! flock -n "$LOCK"; then
        say "waiting for another seckill command of this checkout"
        flock -w "$1" "$LOCK" || return 1
    fi
    echo "$$ $(identity $$)" >"$RUN/owner"
}

# owner_alive: whether the last command that locked this instance is another one and still runs.
owner_alive() {
    local pid who
    { read -r pid who <"$RUN/owner"; } 2>/dev/null && [ "$pid" != $$ ] && [ "$who" = "$(identity "$pid")" ]
}

unlock() { exec {LOCK}>&-; }

digest() { cksum | cut -d ' ' -f 1; }

# version: of Directory.Build.props, the only place that has it.
version() { sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$ROOT/Directory.Build.props"; }

# revision: the commit, and whether it was changed; nothing outside a repository.
revision() { git -C "$ROOT" describe --always --dirty --exclude='*' 2>/dev/null || true; }
