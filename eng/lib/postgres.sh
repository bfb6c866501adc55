# The private PostgreSQL instances: `postgres` with the database seckill, `postgres-legacy` with legacy.
# Sourced, never run.
# shellcheck shell=bash

pg_database() { case $1 in postgres-legacy*) echo legacy ;; *) echo seckill ;; esac; }

# PostgreSQL refuses to run as root; its user comes with the package.
PG_AS=()
[ "$(id -u)" -ne 0 ] || PG_AS=(setpriv --reuid=postgres --regid=postgres --init-groups)

# pg_home NAME: the directory of its data: under .run, or elsewhere when its user cannot read the checkout.
pg_home() {
    if "${PG_AS[@]}" test -x "$RUN" 2>/dev/null; then
        echo "$RUN/$1"
    else
        echo "$(elsewhere)/$1"
    fi
}

# pg_asks_password PORT: a container's proxy accepts connections before its server does. Connects as a client does, up to the
# request for a password; a server that starts or stops answers with an error.
pg_asks_password() { answers "$1" R '\0\0\0\51\0\3\0\0user\0postgres\0database\0postgres\0\0'; }

start_postgres() {
    local name=$1 bin home data port try
    bin=$(postgres_bin) home=$(pg_home "$name") port=$(port_of "$name")
    data=$home/data
    mkdir -p "$home"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$home"
    [ -f "$data/PG_VERSION" ] || pg_create "$bin" "$home" "$name"
    pg_keep_password "$bin" "$home" "$name"
    [ "$home" = "$RUN/$name" ] || say "the data of $name is in $home"
    pg_forget_stale_owner "$data"
    for try in 1 2 3; do
        spawn "$name" '' "$home" "${PG_AS[@]}" "$bin/postgres" -D "$data" \
            -c port="$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c max_connections=200 -c fsync=on -c log_checkpoints=off
        # After a kill -9 the old backends may live for a moment, and the new server exits meanwhile.
        [ $try -lt 3 ] || break
        ! wait_ready "$name" 60 2>/dev/null || return 0
        ! alive "$name" || break
        sleep 1
    done
    wait_ready "$name" 60
}

# pg_create BIN HOME NAME: creates a cluster with its database; after a kill it is complete or absent. In a session of
# its own, so that Ctrl-C does not fill the terminal with errors of initdb.
pg_create() {
    local new=$2/data.new log=$RUN/logs/$3-create.log
    rm -rf "$new" "$2/data"
    pg_write_password "$2/password"
    if ! {
        setsid --wait "${PG_AS[@]}" "$1/initdb" -D "$new" -U postgres -E UTF8 --locale=C.UTF-8 \
            --auth=scram-sha-256 --pwfile="$2/password" &&
            "${PG_AS[@]}" "$1/postgres" --single -D "$new" postgres <<<"CREATE DATABASE $(pg_database "$3")"
    } >"$log" 2>&1; then
        sed 's/^/    /' "$log" >&2
        die "could not create the data of $3"
    fi
    mv "$new" "$2/data"
}

# The password of the administrator, in a file that only PostgreSQL's user can read.
pg_write_password() {
    (umask 077; password_of admin >"$1")
    [ "$(id -u)" -ne 0 ] || chown postgres: "$1"
}

# pg_keep_password BIN HOME NAME: data may be older than the secret of this instance.
pg_keep_password() {
    local password
    password=$(password_of admin)
    [ "$(cat "$2/password" 2>/dev/null)" != "$password" ] || return 0
    "${PG_AS[@]}" "$1/postgres" --single -D "$2/data" postgres <<<"ALTER ROLE postgres PASSWORD '$password'" \
        >>"$RUN/logs/$3-create.log" 2>&1 || die "could not set the password of $3; see $RUN/logs/$3-create.log"
    pg_write_password "$2/password"
}

# pg_administer SERVER [OPTION...]: runs SQL from standard input as the administrator, in the server's database.
pg_administer() {
    local psql=(psql -qX -v ON_ERROR_STOP=1 -U postgres -d "$(pg_database "$1")")
    if [ "$SOURCE" = containers ]; then
        compose exec -T postgres "${psql[@]}"
    else
        PGPASSWORD=$(password_of admin) "$(postgres_bin)/${psql[0]}" -h 127.0.0.1 -p "$(port_of "$(primary_of "$1")")" \
            "${psql[@]:1}" "${@:2}"
    fi
}

# A reused pid in postmaster.pid would keep the server from starting. PostgreSQL handles a dead pid itself: it checks
# that no backend of the old server is left.
pg_forget_stale_owner() {
    local pid
    { read -r pid <"$1/postmaster.pid"; } 2>/dev/null || return 0
    [ -d "/proc/$pid" ] || return 0
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -e "$1" || rm -f "$1/postmaster.pid"
}

pg_answers() { "$(postgres_bin)/pg_isready" -q -h 127.0.0.1 -p "$1" -t 3; }
