# Starting, recognising and stopping processes. Sourced, never run.
# shellcheck shell=bash

# identity PID: distinguishes a process from a later one with the same pid: its start time within this boot.
identity() {
    local stat boot
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -r boot </proc/sys/kernel/random/boot_id
    # shellcheck disable=SC2086  # the fields after "pid (name) " are words; the 20th is the start time
    set -- ${stat##*) }
    [ "$1" != Z ] && echo "${20}@$boot"
}

# alive NAME: true if the process that this checkout started under the name still runs. Sets PID and SPEC.
# The record has the run directory, so that a copied checkout does not own the original's processes.
alive() {
    local who where
    PID='' SPEC=''
    [ -f "$RUN/pids/$1" ] || return 1
    { read -r PID; read -r who; read -r where; read -r SPEC; } <"$RUN/pids/$1" || true
    [[ $PID =~ ^[0-9]+$ && $where == "$RUN" && $who == "$(identity "$PID")" ]]
}

recorded() { find "$RUN/pids" -type f ! -name '*.new' -printf '%f\n' | sort -V; }

anything_alive() {
    local name
    for name in $(recorded); do ! alive "$name" || return 0; done
    return 1
}

# record NAME PID SPEC
record() {
    printf '%s\n' "$2" "$(identity "$2")" "$RUN" "$3" >"$RUN/pids/$1.new"
    mv "$RUN/pids/$1.new" "$RUN/pids/$1"
}

# launch NAME SPEC DIRECTORY COMMAND...: becomes the command. Call it in a background subshell.
# The child records itself before it becomes the command, so a kill at any moment leaves it recorded.
launch() {
    local name=$1 spec=$2 directory=$3 pid=$BASHPID fd
    shift 3
    record "$name" "$pid" "$spec"
    cd "$directory" || exit 1
    # An inherited descriptor would keep the lock, or a caller's pipe, open while the server runs.
    for fd in "/proc/$pid/fd/"*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || exec {fd}>&-
    done
    exec setsid "$@"
}

# spawn NAME SPEC DIRECTORY COMMAND...: starts it detached, with its output in logs/NAME.log.
spawn() {
    local log=$RUN/logs/$1.log
    [ -z "$(find "$log" -size +20M 2>/dev/null)" ] || mv "$log" "$log.1"
    rm -f "$RUN/pids/$1"
    (launch "$@") </dev/null >>"$log" 2>&1 &
    until [ -f "$RUN/pids/$1" ]; do sleep 0.01; done
}

# stop SECONDS NAME...: signals all of them at once, waits, then kills the rest.
stop() {
    local deadline=$((SECONDS + $1)) name
    shift
    for name in "$@"; do
        alive "$name" || continue
        case $name in
            # PostgreSQL's SIGINT means: do not wait for clients to disconnect.
            postgres*) kill -INT "$PID" ;;
            # A tool has child processes, in its process group.
            build | client | run) kill -TERM -- "-$PID" ;;
            *) kill -TERM "$PID" ;;
        esac 2>/dev/null || true
    done
    for name in "$@"; do
        while alive "$name" && [ $SECONDS -lt "$deadline" ]; do sleep 0.05; done
        if alive "$name"; then
            say "$name (pid $PID) did not stop in time; killing it"
            kill -KILL -- "-$PID" 2>/dev/null || kill -KILL "$PID" 2>/dev/null || true
            while alive "$name"; do sleep 0.05; done
        fi
        rm -f "$RUN/pids/$name"
    done
}

port_open() { { : <>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null; }

# require_ports NAME...: the ports of processes that do not run must be free. A process that was just killed may
# hold its port for a moment longer.
require_ports() {
    local deadline=$((SECONDS + 4)) name port
    # shellcheck disable=SC2046  # a list of words
    set -- "$@" $(printf '%s\n' "$@" | sed -nE 's/^(api-|worker-|inventory)/ops-\1/p')
    for name in "$@"; do
        port=$(port_of "$name")
        while ! alive "${name#ops-}" && port_open "$port"; do
            [ $SECONDS -lt $deadline ] || die "port $port (for $name) is used by a process that this checkout did" \
                "not start. Stop it, or set SECKILL_PORT_BASE (now ${SECKILL_PORT_BASE:-8080}) to a free range."
            sleep 0.2
        done
    done
}

# send DESCRIPTOR FORMAT [ARGUMENT]: the other end may be closed; SIGPIPE must not end this command.
send() {
    # shellcheck disable=SC2059  # the format is the message
    (trap '' PIPE; printf "${@:2}" >&"$1") 2>/dev/null || true
}

# answers PORT EXPECTED FORMAT: whether the answer to a message begins with EXPECTED.
answers() {
    local fd reply=''
    { exec {fd}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    send "$fd" "$3"
    read -r -N ${#2} -t 3 -u "$fd" reply || true
    exec {fd}>&-
    [ "$reply" = "$2" ]
}

# http_get PORT PATH: sets HTTP_STATUS and HTTP_BODY; plain bash, so that no client must be installed.
http_get() {
    local fd line
    HTTP_STATUS='' HTTP_BODY=''
    { exec {fd}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    send "$fd" 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2"
    if read -r -t 5 -u "$fd" _ HTTP_STATUS _; then
        while read -r -t 5 -u "$fd" line && [ "${line%$'\r'}" != '' ]; do :; done
        IFS= read -r -d '' -t 5 -u "$fd" HTTP_BODY || true
    fi
    exec {fd}>&-
    [ "$HTTP_STATUS" = 200 ]
}

# wait_ready NAME SECONDS: until `ready NAME` says so; gives up early when the process has exited.
wait_ready() {
    local deadline=$((SECONDS + $2)) next=$((SECONDS + 5)) why=''
    while [ -z "$why" ]; do
        # When the command was killed, this job must end: it would hold the command's lock.
        identity $$ >/dev/null || exit 1
        if ! alive "$1"; then
            why="it exited"
        elif ready "$1"; then
            return 0
        elif [ $SECONDS -ge $deadline ]; then
            why="after $2 s: $DETAIL"
        else
            if [ $SECONDS -ge $next ]; then
                say "waiting for $1, up to $((deadline - SECONDS)) s more: $DETAIL"
                next=$((SECONDS + 10))
            fi
            sleep 0.1
        fi
    done
    say "$1 did not start: $why. The end of $RUN/logs/$1.log:"
    tail -n 25 "$RUN/logs/$1.log" | sed 's/^/    /' >&2
    return 1
}
