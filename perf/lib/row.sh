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

ROW=$1
WORK=$(mktemp -d)
trap 'stop_servers; rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$WORK/commands"
: >"$WORK/notes"
: >"$OUTPUT/$ROW.lines"

# note TEXT: a sentence for the row's section in RESULTS.md.
note() {
    printf '%s\n' "$*" >>"$WORK/notes"
}

# shellcheck source=/dev/null
source "$PERF/rows/$ROW.sh"
row_run
write_section
