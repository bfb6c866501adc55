# The load client against the running system, or against one that is started for it and removed afterwards. Sets `own` when
# it started one. The caller has sourced system.sh.
# shellcheck shell=bash
own=''

# begin_client MESSAGE: takes the lock of demo and load; dies with the message when the other one runs.
begin_client() {
    sweep_abandoned
    use_instance demo
    if owner_alive || ! lock 60; then die "$1"; fi
    client_run=$RUN
    trap end_client EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# On every exit: stop the client first, then the system that was started for it.
end_client() {
    local code=$?
    trap '' INT TERM HUP
    RUN=$client_run
    end_jobs client build
    if [ -n "$own" ]; then
        use_instance demo
        say "stopping the system"
        bring_down wipe
        [ "$code" -eq 0 ] || say "logs: $RUN/logs"
    fi
    exit "$code"
}

# join_system [KEEP [cluster]]: uses the running system; otherwise starts one (two APIs, a worker), which stays up when KEEP is not empty.
# Exports its addresses and keys.
join_system() {
    use_instance main
    [ -z "${2:-}" ] || ! anything_alive || is_cluster || die "the running system is no cluster: ./seckill down --wipe ends it"
    if anything_alive && (load_settings; ready api-1 && ready inventory); then
        say "using the running system"
    elif anything_alive || [ -n "${1:-}" ]; then
        lock 600 || die "another seckill command of this checkout is still running"
        use_topology "${2:-}"
        bring_up 2 1
        unlock
    else
        use_instance demo
        own=1
        use_topology "${2:-}"
        bring_up 2 1
    fi
    while IFS= read -r line; do export "${line?}"; done < <(print_env clients)
}

# start_client ARGUMENT...: starts the load client in the background; its pid is $!.
start_client() {
    RUN=$client_run
    (launch client '' "$PWD" dotnet "$(load_client)" "$@") &
}
