# Who may do what at the servers that seckill starts: a user for each role of the processes, with few rights and a random password, and
# the secrets that a role uses. Sourced, never run.
# shellcheck shell=bash

# password_of USER: derived from a random secret of this instance, which only this user can read.
password_of() {
    local secret=$RUN/secret new digest
    if [ ! -s "$secret" ]; then
        new=$(umask 077; mktemp "$secret.XXXXXX")
        head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$new"
        # Not over one that another command has made meanwhile.
        mv -n "$new" "$secret"
        rm -f "$new"
    fi
    read -r digest _ < <(sha256sum <<<"$(cat "$secret") $1")
    echo "${digest:0:40}"
}

# with_passwords COMMAND...: runs it with the passwords of all users in its environment.
with_passwords() (
    for user in admin owner api worker inventory reader; do export "SECKILL_${user^^}_PASSWORD=$(password_of "$user")"; done
    "$@"
)

# users_of STORE: its users as the store takes them.
users_of() {
    with_passwords bash "$ROOT/deploy/users.sh" "$1"
    # What nodes of a cluster tell each other. Its password is in the settings of the nodes, which the roles may read.
    [ "$1" != redis ] || ! is_cluster || echo "user seckill_replica on >$(password_of replica) resetchannels -@all +psync +replconf +ping"
}

# write_users STORE FILE: keeps them in a file that only this user can read. Returns 1 when nothing has changed.
write_users() {
    mkdir -p "${2%/*}"
    (umask 077; users_of "$1" >"$2.new") || die "could not write the users of $1"
    if cmp -s "$2.new" "$2"; then
        rm "$2.new"
        return 1
    fi
    mv "$2.new" "$2"
}

# become ROLE: the rest of this shell has the connection strings and secrets of this role alone. Servers that the caller named are used as
# given. docs/SECURITY.md lists which secret each role uses.
become() {
    local name unused=()
    for name in $(own_servers); do
        export "$(setting_of "$name")=$(own_connection "$name" "$1")"
    done
    case $1 in
        worker) unused=(Auth__BuyerTokenKey Auth__OtherBuyerTokenKeys Payments) ;;
        inventory) unused=(Auth__BuyerTokenKey Auth__OtherBuyerTokenKeys Payments ConnectionStrings__Legacy) ;;
        owner) unused=(Auth Payments Messages ConnectionStrings__Redis ConnectionStrings__RabbitMq) ;;
    esac
    for name in "${unused[@]}"; do
        # shellcheck disable=SC2046  # a list of words
        unset $(compgen -e | grep -E "^${name}(__|\$)" || true)
    done
}

# prepare_stores: the users of the own servers as this checkout has them, and the schema, by a job with the owner's rights.
prepare_stores() {
    local server migrates=''
    for server in $(own_servers); do
        case $server in
            postgres*)
                users_of "$server" | pg_administer "$server" >>"$RUN/logs/migrate.log" 2>&1 ||
                    die "could not create the users of $server; see $RUN/logs/migrate.log"
                migrates=1
                ;;
            *) [ "$SOURCE" = containers ] || "keep_${server}_users" ;;
        esac
    done
    [ -n "$migrates" ] || return 0
    if ! (become owner; cd "$RUN/app/OrderService" && exec dotnet Seckill.OrderService.dll migrate) >>"$RUN/logs/migrate.log" 2>&1; then
        tail -n 15 "$RUN/logs/migrate.log" | sed 's/^/    /' >&2
        die "the schema could not be brought up to date; see $RUN/logs/migrate.log"
    fi
}
