# `up --cluster`: each store has several nodes, each a process of this machine. Where a function takes a node, a store that has one node is
# its own node. Sourced, never run.
# shellcheck shell=bash

# use_topology [cluster]: for an instance that has no servers yet; one that has them keeps its topology.
use_topology() {
    if [ -f "$RUN/source" ]; then
        [ "${1:-$(topology)}" = "$(topology)" ] || die "there is data of servers that are no $1: ./seckill down --wipe deletes it"
    else
        echo "${1:-single}" >"$RUN/topology"
    fi
    is_cluster || return 0
    [ "$CALLERS_SERVERS" = ' ' ] || die "a cluster has servers of its own: unset the ConnectionStrings__* of this shell"
    echo packages >"$RUN/source"
    export Redis__Replicas=${Redis__Replicas:-1}
}

topology() { cat "$RUN/topology" 2>/dev/null || echo single; }

is_cluster() { [ "$(topology)" = cluster ]; }

# nodes_of STORE: names of its nodes.
nodes_of() {
    if ! is_cluster; then
        echo "$1"
        return
    fi
    case $1 in
        redis) printf 'redis-%s\n' 1 2 3 4 5 6 ;;
        rabbitmq) printf 'rabbitmq-%s\n' 1 2 3 ;;
        postgres*) printf '%s\n' "$1-1" "$1-2" ;;
    esac
}

store_of() { sed -E 's/-[0-9]+$//' <<<"$1"; }

# primary_of STORE: the node of PostgreSQL that takes writes.
primary_of() {
    if is_cluster; then cat "$RUN/$1.primary" 2>/dev/null || echo "$1-1"; else echo "$1"; fi
}

standby_of() { nodes_of "$1" | grep -vFx "$(primary_of "$1")"; }

# start_cluster STORE: those of its nodes that do not run, and what makes one store of all.
start_cluster() {
    local node jobs=()
    case $1 in
        rabbitmq)
            start_epmd
            # The first creates the cluster that the others join.
            [ -d "$(rabbitmq_home rabbitmq-2)/mnesia" ] || start_node rabbitmq-1 || return 1
            ;;
        postgres*)
            start_node "$(primary_of "$1")" || return 1
            clone_primary "$1" || return 1
            ;;
    esac
    for node in $(nodes_of "$1"); do
        start_node "$node" &
        jobs+=($!)
    done
    for node in "${jobs[@]}"; do wait "$node" || return 1; done
    case $1 in
        redis) form_redis_cluster ;;
        postgres*)
            commit_with_standby "$1" '*'
            wait_for 60 "the standby of $1" has_standby "$1"
            ;;
    esac
}

# start_node NODE: does nothing if it runs.
start_node() {
    local store
    store=$(store_of "$1")
    alive "$1" && ready "$1" || "start_${store%-legacy}" "$1"
}

# form_redis_cluster: three primaries, each with a replica.
form_redis_cluster() {
    local node addresses=()
    for node in $(nodes_of redis); do addresses+=("127.0.0.1:$(port_of "$node")"); done
    if ! redis_ask redis-1 CLUSTER INFO | grep -q '^cluster_size:3'; then
        REDISCLI_AUTH=$(password_of admin) redis-cli --user seckill_admin --cluster create "${addresses[@]}" --cluster-replicas 1 \
            --cluster-yes >>"$RUN/logs/redis-1.log" 2>&1 || die "the nodes of Redis do not form a cluster; see $RUN/logs/redis-1.log"
    fi
    wait_for 60 "the cluster of Redis" redis_cluster_whole
}

# redis_cluster_whole: every node knows that each slot has a primary, and each primary a replica that is in sync.
redis_cluster_whole() {
    local node
    for node in $(nodes_of redis); do
        redis_ask "$node" CLUSTER INFO | tr -d '\r' | grep -qFx cluster_state:ok || return 1
        redis_ask "$node" INFO replication | tr -d '\r' | grep -qE '^(connected_slaves:[1-9]|master_link_status:up)' || return 1
    done
}

# clone_primary STORE: the standby gets the data of the primary, unless it has followed it before.
clone_primary() {
    local primary standby home
    primary=$(primary_of "$1") standby=$(standby_of "$1")
    home=$(pg_home "$standby")
    if [ "$(cat "$home/follows" 2>/dev/null)" = "$primary" ] && [ -f "$home/data/standby.signal" ]; then return 0; fi
    say "copying $primary to $standby"
    mkdir -p "$home"
    rm -rf "$home/data" "$home/data.new" "$home/follows"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$home"
    PGPASSWORD=$(password_of admin) "${PG_AS[@]}" "$(postgres_bin)/pg_basebackup" --pgdata "$home/data.new" --write-recovery-conf \
        --checkpoint fast --dbname "host=127.0.0.1 port=$(port_of "$primary") user=postgres application_name=$standby" \
        >>"$RUN/logs/$standby-create.log" 2>&1 || die "could not copy $primary to $standby; see $RUN/logs/$standby-create.log"
    pg_write_password "$home/password"
    mv "$home/data.new" "$home/data"
    echo "$primary" >"$home/follows"
}

# commit_with_standby STORE NAMES: lets the primary answer a commit when a standby has it, or when it is on its own disk (''). Not
# remote_apply: what reads goes to the primary.
commit_with_standby() {
    pg_administer "$1" <<<"alter system set synchronous_standby_names = '$2'; select pg_reload_conf();" >/dev/null
}

# has_standby STORE: whether one has all that the primary has.
has_standby() { [ -n "$(pg_ask "$1" "select 1 from pg_stat_replication where sync_state in ('sync', 'quorum')")" ]; }

pg_ask() { pg_administer "$1" -At <<<"$2" 2>/dev/null; }

# role_of NODE: what it is in its store, for people.
role_of() {
    local store
    store=$(store_of "$1")
    is_cluster || return 0
    case $store in
        redis) redis_ask "$1" ROLE 2>/dev/null | head -n 1 | sed 's/master/primary/; s/slave/replica/' ;;
        postgres*) if [ "$(primary_of "$store")" = "$1" ]; then echo primary; else echo standby; fi ;;
    esac
}

# fail_node NODE: kill -9, and another node takes over.
fail_node() {
    alive "$1" || die "$1 does not run"
    kill -KILL "$PID"
    while alive "$1"; do sleep 0.02; done
    say "killed $1 (pid $PID)"
    rm -f "$RUN/pids/$1"
    take_over "$1"
}

# take_over NODE: after its end, what an orchestrator does: another node gets its work. Says which.
take_over() {
    local store other
    store=$(store_of "$1")
    is_cluster || return 0
    case $store in
        redis) wait_for 60 "another primary" redis_covered "$1" ;;
        postgres*)
            other=$(nodes_of "$store" | grep -vFx "$1")
            if [ "$(primary_of "$store")" = "$1" ]; then
                echo "$other" >"$RUN/$store.primary"
                pg_ask "$store" 'select pg_promote()' >/dev/null || die "could not promote $other; see $RUN/logs/$other.log"
                say "$other is the primary of $store"
            fi
            commit_with_standby "$store" ''
            ;;
    esac
}

# redis_covered NODE: whether each slot has a primary that is not this node, and the others agree.
redis_covered() {
    local node
    for node in $(nodes_of redis | grep -vFx "$1"); do
        alive "$node" || continue
        redis_ask "$node" CLUSTER INFO | tr -d '\r' | grep -qFx cluster_slots_ok:16384 || return 1
        ! redis_ask "$node" CLUSTER NODES | grep ":$(port_of "$1")@" | grep -qE 'connected( [0-9-]+)+$' || return 1
    done
}

# bring_back NODE: as a replica of what took over.
bring_back() {
    # A process that was just killed may hold its port for a moment longer.
    require_ports "$1"
    if is_cluster; then start_cluster "$(store_of "$1")"; else start_node "$1"; fi
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local deadline=$((SECONDS + $1))
    until "${@:3}"; do
        [ $SECONDS -lt $deadline ] || die "waited $1 s for $2"
        sleep 0.1
    done
}
