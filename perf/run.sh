#!/usr/bin/env bash
# Measures parley beside its peers and writes perf/RESULTS.md. See perf/README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=lib/peers.sh
source "$here/lib/peers.sh"
# shellcheck source=lib/results.sh
source "$here/lib/results.sh"

usage() {
    cat <<'TEXT'
usage: perf/run.sh [ROW...]      measure these rows, or all that need nothing built by hand, and write perf/RESULTS.md
       perf/run.sh --list        say which rows there are

  PERF_ROUNDS=N      rounds of each comparison (7); with fewer than 7 there is no verdict
  PERF_CORES=A,B     the two cores to use (the first two that are allowed)
  PERF_CANARY=A,B    the canary's bounds in ns (0,450)
  PERF_PATIENCE=S    how long a comparison may wait for the canary, one without a target a quarter of it (120)
  PERF_BUSY=yes      keep both cores busy, at the lowest priority, so that a hypervisor leaves them apart (no)

Exit codes: 0 every target met, 1 a target missed or a row not measured, 2 wrong usage, 3 something is missing here.
TEXT
}

list_rows() {
    local row
    for row in $(all_rows); do
        (
            # shellcheck source=/dev/null
            source "$PERF/rows/$row.sh"
            printf '%-14s %s%s\n' "$row" "${row_summary:?}" "${row_by_hand:+ (only when named; $row_by_hand builds them)}"
        )
    done
}

rows=()
for argument in "$@"; do
    case $argument in
    --list)
        list_rows
        exit 0
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 2
        ;;
    *)
        [[ -f $PERF/rows/$argument.sh ]] || fail 2 "there is no row '$argument'; perf/run.sh --list says which there are"
        rows+=("$argument")
        ;;
    esac
done
COMMAND="perf/run.sh${*:+ $*}"
for variable in PERF_ROUNDS PERF_CORES PERF_CANARY PERF_PATIENCE PERF_BUSY; do
    [[ -z ${!variable:-} ]] || COMMAND="$variable=${!variable} $COMMAND"
done
if [[ ${#rows[@]} -eq 0 ]]; then
    mapfile -t rows < <(plain_rows)
fi
check_settings
choose_cores

needs=(cc)
for row in "${rows[@]}"; do
    # shellcheck source=/dev/null
    mapfile -t -O "${#needs[@]}" needs < <(source "$PERF/rows/$row.sh" && tr ' ' '\n' <<<"${row_needs:-}")
done
need_peers "${needs[@]}"
build_c_programs
need_parley
if [[ " ${needs[*]} " == *" bench "* ]]; then
    need_bench
fi

# What is measured is the command as people start it: without what somebody set for the runtime.
for variable in $(compgen -e | grep -E '^(DOTNET|COMPlus|PARLEY)_' || true); do
    unset "$variable"
done

OUTPUT=$(mktemp -d)
row_pid=
stop() {
    # The row ends its servers. It does so after the sample that it takes just now.
    [[ -z $row_pid ]] || { kill "$row_pid" && wait "$row_pid"; } || true
    exit "$1"
}
trap 'rm -rf "$OUTPUT"' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM
export OUTPUT COMMAND
measured=()
for row in "${rows[@]}"; do
    say "== $row"
    # A process of its own for each row: its servers end with it, and one that fails does not stop the others.
    "$BASH" "$PERF/lib/row.sh" "$row" &
    row_pid=$!
    if wait "$row_pid"; then
        write_results "$row"
        measured+=("$row")
    else
        say "$row: failed; what perf/RESULTS.md says about it is not from this run"
    fi
    row_pid=
done
[[ ${#measured[@]} -gt 0 ]] || exit 1
say "wrote perf/RESULTS.md"
show_rows "${measured[@]}"
[[ ${#measured[@]} -eq ${#rows[@]} ]] && all_passed "${measured[@]}"
