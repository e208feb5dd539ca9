# shellcheck shell=bash
# Sourced by the scripts of deploy/: where things are, and how they talk.

# The top of the checkout, whatever directory the script was called from.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "$*" >&2; }

# die MESSAGE [STATUS]: what happened, to what, and what to do, in one line.
die() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit "${2:-1}"
}

# usage: prints the comment at the top of the script, which is its help.
usage() {
    awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; dies, naming WHAT, when it never does.
wait_for() {
    local seconds=$1 what=$2 deadline
    shift 2
    deadline=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || die "waited ${seconds} s in vain for $what"
        sleep 0.1
    done
}

# human BYTES: 111.4 MB
human() {
    awk -v n="$1" 'BEGIN {
        split("B kB MB GB TB", unit); u = 1
        while (n >= 1000 && u < 5) { n /= 1000; u++ }
        printf(u == 1 ? "%d %s" : "%.1f %s", n, unit[u])
    }'
}
