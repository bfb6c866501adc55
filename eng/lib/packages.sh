# Debian's packages of the servers, installed when missing. Sourced, never run.
# shellcheck shell=bash

POLICY=/usr/sbin/policy-rc.d
RABBITMQ_BIN=/usr/lib/rabbitmq/bin/rabbitmq-server

# postgres_bin: the directory of the newest installed PostgreSQL's programs.
postgres_bin() {
    local found
    found=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] && dirname "$found"
}

# can_install_packages: true for root on Debian. Elsewhere a test without its program is skipped.
can_install_packages() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

# require_packages SERVER...: installs missing programs of these servers or tools. The caller may set `otherwise`:
# the alternatives that the error message lists.
require_packages() {
    local server missing=()
    for server in "$@"; do
        case $server in
            redis) command -v redis-server >/dev/null || missing+=(redis-server) ;;
            rabbitmq) [ -x "$RABBITMQ_BIN" ] || missing+=(rabbitmq-server) ;;
            postgres) postgres_bin >/dev/null || missing+=(postgresql) ;;
            chromium) command -v chromium >/dev/null || missing+=(chromium) ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        die "these programs are missing: ${missing[*]}.
    Install Debian's packages: sudo apt-get install --no-install-recommends ${missing[*]}${otherwise:-}"
    fi
    say "installing Debian's ${missing[*]} (first time only; log: $RUN/logs/apt.log)"
    forbid_service_start
    if ! install_packages "${missing[@]}" >>"$RUN/logs/apt.log" 2>&1; then
        allow_service_start
        tail -n 15 "$RUN/logs/apt.log" | sed 's/^/    /' >&2
        die "apt-get could not install ${missing[*]}"
    fi
    allow_service_start
}

# require_tool COMMAND PACKAGE: installs Debian's package when its program is missing. If that fails, the tests that need it say so.
require_tool() {
    ! command -v "$1" >/dev/null || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "$1 is missing, and only root can install it: apt-get install --no-install-recommends $2"
        return 0
    fi
    say "installing Debian's $2 (first time only; log: $RUN/logs/apt.log)"
    forbid_service_start
    install_packages "$2" >>"$RUN/logs/apt.log" 2>&1 || say "could not install $2"
    allow_service_start
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update </dev/null &&
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" </dev/null
}

# A package must not start a system-wide server. An existing policy of this machine stays.
forbid_service_start() {
    [ ! -e $POLICY ] || return 0
    printf '#!/bin/sh\n# seckill: during an installation\nexit 101\n' >$POLICY
    chmod 755 $POLICY
}

# Also removes the policy of an installation that was killed.
allow_service_start() {
    ! grep -q '^# seckill:' $POLICY 2>/dev/null || rm -f $POLICY
}
