# shellcheck shell=bash
# Where things are, how to speak, and the settings. Sourced by run.sh and by lib/row.sh.

PERF=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$(cd "$PERF/.." && pwd)
BIN=$PERF/bin # the C programs, built; not in the repository
PARLEY=$ROOT/artifacts/parley
BENCH=$ROOT/artifacts/parley-bench # the library's side of what the command has no words for
export LC_ALL=C

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    local status=$1
    shift
    say "perf: $*"
    exit "$status"
}

all_rows() {
    local file
    for file in "$PERF"/rows/*.sh; do
        basename "$file" .sh
    done
}

# plain_rows: without those that need what somebody built by hand.
plain_rows() {
    local row
    for row in $(all_rows); do
        grep -q '^row_by_hand=' "$PERF/rows/$row.sh" || echo "$row"
    done
}

check_settings() {
    ROUNDS=${PERF_ROUNDS:-7}
    [[ $ROUNDS =~ ^[1-9][0-9]*$ ]] || fail 2 "PERF_ROUNDS must be a number of rounds, not '$ROUNDS'"
    local bounds=${PERF_CANARY:-0,450}
    [[ $bounds =~ ^[0-9]+,[0-9]+$ ]] || fail 2 "PERF_CANARY must be two numbers of ns such as 120,450, not '$bounds'"
    CANARY_LOW=${bounds%,*}
    CANARY_HIGH=${bounds#*,}
    PATIENCE=${PERF_PATIENCE:-120}
    [[ $PATIENCE =~ ^[0-9]+$ ]] || fail 2 "PERF_PATIENCE must be a number of seconds, not '$PATIENCE'"
    KEEPS_BUSY=${PERF_BUSY:-no}
    [[ $KEEPS_BUSY =~ ^(yes|no)$ ]] || fail 2 "PERF_BUSY must be yes or no, not '$KEEPS_BUSY'"
    export PATIENCE ROUNDS CANARY_LOW CANARY_HIGH KEEPS_BUSY
}

# CORE_A is where what is compared runs, CORE_B is where the load comes from.
choose_cores() {
    local cores=() part list
    command -v taskset >/dev/null || fail 3 "taskset is missing (Debian: util-linux)"
    list=${PERF_CORES:-$(taskset -cp $$ | sed 's/.*: //')}
    for part in ${list//,/ }; do
        [[ $part =~ ^[0-9]+(-[0-9]+)?$ ]] || fail 2 "PERF_CORES must be two core numbers such as 0,1, not '$list'"
        mapfile -t -O "${#cores[@]}" cores < <(seq "${part%-*}" "${part#*-}")
    done
    [[ ${#cores[@]} -ge 2 ]] || fail 3 "two cores are needed, and here is only one"
    CORE_A=${cores[0]}
    CORE_B=${cores[1]}
    export CORE_A CORE_B
}
