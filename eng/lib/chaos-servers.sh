#!/usr/bin/env bash
# The servers of a chaos run. Its runner kills them, and starts them again here in the normal way.
#
# usage: chaos-servers.sh INSTANCE up          all four; prints DIRECTORY= and their connection strings
#        chaos-servers.sh INSTANCE start NAME  one that was killed
#        chaos-servers.sh INSTANCE wipe        all of them, with their data
# Servers that the caller names belong to others: nothing here may touch them.
unset "${!ConnectionStrings__@}"
source "$(dirname "${BASH_SOURCE[0]}")/system.sh"

use_instance "$1"

# Not bring_down: it would also end the runner, which is recorded in the same place and is the parent of this process.
clear_servers() {
    resolve_servers
    stop_servers wipe
    delete_data
}

case $2 in
    up)
        # sweep_abandoned reads it after a killed runner.
        echo "$PPID $(identity $PPID)" >"$RUN/owner"
        clear_servers
        echo packages >"$RUN/source"
        resolve_servers
        # shellcheck disable=SC2046  # a list of words
        require_ports $(own_processes)
        start_servers
        echo "DIRECTORY=$RUN"
        env | grep ^ConnectionStrings__
        ;;
    start)
        resolve_servers
        # A process that was just killed may hold its port for a moment longer.
        require_ports "$3"
        "start_${3%-legacy}" "$3"
        ;;
    wipe) clear_servers ;;
esac
