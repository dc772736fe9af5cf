#!/usr/bin/env bash
# Checks the model of the shared-memory rings in every order of steps: each variant as the protocol is, which must have no error, and with one
# of its rules left out, which must have the error that the rule prevents. Needs spin and a C compiler; takes less than a minute.
#   eng/model/check.sh
set -euo pipefail
cd "$(dirname "$0")"
model=$PWD/ring.pml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The checker ends with the first error, and is told to call it one when a process waits for ever (an invalid end state).
optimise=-O1
run() { # run DEFINES...: sets `states` and `error` ("" where there is none)
  spin -a "$@" "$model" > spin.out || { cat spin.out; exit 1; }
  local search=-DSAFETY option=
  [[ "$*" != *-DCYCLES* ]] || search=-DNP option=-l
  gcc "$optimise" -w $search -DCOLLAPSE -DMEMLIM=1500 -o pan pan.c
  ./pan $option -m100000 -w24 > pan.out
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
  error=$(sed -n 's/^pan:[0-9]*: *\(.*\) (at depth.*/\1/p' pan.out | head -n 1)
  if grep -qE 'reached -DMEMLIM|max search depth too small' pan.out || [ -z "$states" ]; then
    cat pan.out
    echo "the model is too large to be checked: $*"
    exit 1
  fi
}

total=0
holds() { # holds WHAT DEFINES...
  local what=$1
  shift
  run "$@"
  if [ -n "$error" ]; then
    echo "WRONG: $what: $error"
    spin -p -t -k ring.pml.trail "$@" "$model" | tail -n 60
    exit 1
  fi
  printf '  %-58s %9d states, no error\n' "$what" "$states"
  total=$((total + states))
}

fails() { # fails RULE EXPECTED DEFINES...: without RULE the error must be the EXPECTED one
  local rule=$1 expected=$2
  shift 2
  run "$@"
  if [[ "$error" != *$expected* ]]; then
    echo "WRONG: without $rule there should be: $expected; there is: ${error:-no error}"
    exit 1
  fi
  printf '  without %-50s %s\n' "$rule" "found: ${error%% (*}"
}

echo "as the protocol is:"
for kind in 1 2; do
  name=$([ $kind = 1 ] && echo bytes || echo messages)
  holds "$name, a fence on each side" -DKIND=$kind -DKILL=0
  holds "$name, membarrier" -DKIND=$kind -DKILL=0 -DMEMBARRIER
  holds "$name, the writer may be killed" -DKIND=$kind -DKILL=1 -DMESSAGES=$((4 - kind))
  holds "$name, the reader may be killed" -DKIND=$kind -DKILL=2 -DMESSAGES=$((4 - kind))
done
holds "messages, membarrier, the writer may be killed" -DKILL=1 -DMESSAGES=2 -DMEMBARRIER
holds "messages, every run ends" -DKILL=1 -DMESSAGES=2 -DCYCLES

echo "with a rule left out:"
optimise=-O0 # an error is found soon
waits='invalid end state'
fails "the sleeper's fence" "$waits" -DBREAK_SLEEPER_FENCE
fails "the publisher's fence" "$waits" -DBREAK_PUBLISHER_FENCE
fails "membarrier in the sleeper, which only fences itself" "$waits" -DMEMBARRIER -DBREAK_MEMBARRIER
fails "the second look" "$waits" -DBREAK_SECOND_LOOK
fails "giving back before sleeping" "$waits" -DBREAK_GIVING_BACK
fails "the watcher of the socket taking the word down" "$waits" -DKILL=1 -DMESSAGES=3 -DBREAK_WATCHER
fails "release in publishing" "assertion violated" -DBREAK_RELEASE
fails "release in publishing bytes" "assertion violated" -DKIND=1 -DBREAK_RELEASE
fails "the next header zeroed" "assertion violated" -DBREAK_NEXT_ZEROED
fails "room for the next header" "assertion violated" -DBREAK_ROOM_FOR_NEXT
fails "a look at the ring after that at the state" "assertion violated" -DBREAK_LAST_LOOK
fails "a look at the state after that at the socket's end" "assertion violated" -DBREAK_END_BEFORE_STATE

echo "the model: $total states of the rings hold, and each rule left out is missed"
