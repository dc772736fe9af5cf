#!/usr/bin/env bash
# Makes docs/demo.svg anew: a picture of `parley demo` on a terminal. Needs tmux and python3.
#   eng/demo-picture.sh [COMMAND]      default: artifacts/parley
set -euo pipefail
cd "$(dirname "$0")/.."
command=$(realpath "${1:-artifacts/parley}")
session="parley-picture-$$"
done_mark=$(mktemp -u)
trap 'tmux kill-session -t "$session" 2> /dev/null || true; rm -f "$done_mark"' EXIT
tmux new-session -d -s "$session" -x 84 -y 21 "'$command' demo; touch '$done_mark'; cat"
for _ in $(seq 600); do
  [ -e "$done_mark" ] && break
  sleep 0.1
done
tmux capture-pane -e -p -t "$session" | python3 eng/lib/ansi-to-svg.py > docs/demo.svg
echo "made docs/demo.svg"
