#!/usr/bin/env bash
# The servers of a program that kills them, which starts them again here in the normal way: of a chaos run, and of tests with a cluster.
#
# usage: servers-to-kill.sh INSTANCE up [cluster]   all of them, empty; prints DIRECTORY= and their connection strings
#        servers-to-kill.sh INSTANCE start NAME     one that was killed
#        servers-to-kill.sh INSTANCE fail NAME      kills a node, lets another take over, and starts it again
#        servers-to-kill.sh INSTANCE wipe           all of them, with their data
# Servers that the caller names belong to others: nothing here may touch them.
unset "${!ConnectionStrings__@}"
source "$(dirname "${BASH_SOURCE[0]}")/system.sh"

use_instance "$1"

# Not bring_down: it would also end the caller, which is recorded in the same place and is the parent of this process.
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
        use_topology "${3:-}"
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
    fail)
        resolve_servers
        fail_node "$3"
        bring_back "$3"
        ;;
    wipe) clear_servers ;;
esac
