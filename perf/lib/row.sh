#!/usr/bin/env bash
# Measures one row; run.sh runs it as a process of its own and sets what it needs. Leaves two files for RESULTS.md:
# ROW.lines for the table, and ROW.section.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=common.sh
source "$here/common.sh"
# shellcheck source=peers.sh
source "$here/peers.sh"
# shellcheck source=processes.sh
source "$here/processes.sh"
# shellcheck source=results.sh
source "$here/results.sh"
# shellcheck source=measure.sh
source "$here/measure.sh"

finish() {
    [[ $1 -eq 0 || $1 -ge 128 ]] || show_server_logs
    end_busy
    stop_servers
    # What a row left outside.
    ! declare -F row_clean >/dev/null || row_clean
    rm -rf "$SCRATCH"
}

ROW=$1
SCRATCH=$(mktemp -d)
trap 'finish $?' EXIT
trap 'exit 143' TERM
: >"$SCRATCH/commands"
: >"$SCRATCH/notes"
grep '^cpu ' /proc/stat >"$SCRATCH/stat"
: >"$OUTPUT/$ROW.lines"

# note TEXT: a sentence for the row's section in RESULTS.md.
note() {
    printf '%s\n' "$*" >>"$SCRATCH/notes"
}

# shellcheck source=/dev/null
source "$PERF/rows/$ROW.sh"
row_run
# A row of which nothing could be measured must not take the place of an earlier one.
grep -qv '| not measured |' "$OUTPUT/$ROW.lines" || fail 1 "$ROW: the canary let no comparison through"
write_section
