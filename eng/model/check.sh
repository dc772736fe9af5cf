#!/usr/bin/env bash
# Checks the model of the shared-memory rings in every order of steps: each variant as the protocol is, which must have no error, and with one
# of its rules left out, which must have the error that the rule prevents. Needs spin and a C compiler; takes less than a minute on two cores.
#   eng/model/check.sh
set -euo pipefail
cd "$(dirname "$0")"
model=$PWD/ring.pml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The checker ends with the first error, and is told to call it one when a process waits for ever (an invalid end state).
run() { # run OPTIMISE DEFINES...: in a folder of its own; sets `states` and `error` ("" where there is none)
  local optimise=$1
  shift
  spin -a "$@" "$model" > spin.out || { cat spin.out; exit 1; }
  local search=-DSAFETY option=
  [[ "$*" != *-DCYCLES* ]] || search=-DNP option=-l
  gcc "$optimise" -w $search -DMEMLIM=1500 -o pan pan.c
  ./pan $option -m100000 -w24 > pan.out
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
  error=$(sed -n 's/^pan:[0-9]*: *\(.*\) (at depth.*/\1/p' pan.out | head -n 1)
  if grep -qE 'reached -DMEMLIM|max search depth too small' pan.out || [ -z "$states" ]; then
    cat pan.out
    echo "the model is too large to be checked: $*"
    exit 1
  fi
}

holds() { # holds WHAT DEFINES...
  local what=$1
  shift
  run -O1 "$@"
  if [ -n "$error" ]; then
    echo "WRONG: $what: $error"
    spin -p -t -k ring.pml.trail "$@" "$model" | tail -n 60
    exit 1
  fi
  printf '  %-58s %9d states, no error\n' "$what" "$states"
  echo "$states" > states
}

fails() { # fails RULE EXPECTED DEFINES...: without RULE the error must be the EXPECTED one, which is found soon
  local rule=$1 expected=$2
  shift 2
  run -O0 "$@"
  if [[ "$error" != *$expected* ]]; then
    echo "WRONG: without $rule there should be: $expected; there is: ${error:-no error}"
    exit 1
  fi
  printf '  without %-50s %s\n' "$rule" "found: ${error%% (*}"
}

# As many at a time as there are processors, told in their order.
pids=()
check() { # check holds|fails ARGUMENTS...
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  local here=$folder/${#pids[@]}
  mkdir "$here"
  (cd "$here" && "$@") > "$here.txt" 2>&1 &
  pids+=($!)
}

waits='invalid end state'
for kind in 1 2; do
  name=$([ $kind = 1 ] && echo bytes || echo messages)
  check holds "$name, a fence on each side" -DKIND=$kind -DKILL=0
  check holds "$name, membarrier" -DKIND=$kind -DKILL=0 -DMEMBARRIER -DMESSAGES=3
  check holds "$name, the writer may be killed" -DKIND=$kind -DKILL=1 -DMESSAGES=$((4 - kind))
  check holds "$name, the reader may be killed" -DKIND=$kind -DKILL=2 -DMESSAGES=$((4 - kind))
done
check holds "messages, membarrier, the writer may be killed" -DKILL=1 -DMESSAGES=2 -DMEMBARRIER
check holds "bytes, membarrier, the reader may be killed" -DKIND=1 -DKILL=2 -DMESSAGES=3 -DMEMBARRIER
check holds "messages, every run ends" -DKILL=1 -DMESSAGES=2 -DCYCLES
check holds "bytes, membarrier, every run ends" -DKIND=1 -DMESSAGES=2 -DMEMBARRIER -DCYCLES
whole=${#pids[@]}

check fails "the sleeper's fence" "$waits" -DBREAK_SLEEPER_FENCE
check fails "the publisher's fence" "$waits" -DBREAK_PUBLISHER_FENCE
check fails "the third look, with membarrier" "$waits" -DMEMBARRIER -DBREAK_THIRD_LOOK
check fails "the millisecond before the third look" "$waits" -DMEMBARRIER -DBREAK_MILLISECOND
check fails "an announcement that stood at the third look" "$waits" -DMEMBARRIER -DBREAK_STANDS
check fails "an end of the third looks" "non-progress cycle" -DMEMBARRIER -DBREAK_SLEEP_WITHOUT_END -DMESSAGES=2 -DCYCLES
check fails "the second look" "$waits" -DBREAK_SECOND_LOOK
check fails "giving back before sleeping" "$waits" -DBREAK_GIVING_BACK
check fails "the watcher of the socket taking the word down" "$waits" -DKILL=1 -DMESSAGES=3 -DBREAK_WATCHER
check fails "release in publishing" "assertion violated" -DBREAK_RELEASE
check fails "release in publishing bytes" "assertion violated" -DKIND=1 -DBREAK_RELEASE
check fails "the next header zeroed" "assertion violated" -DBREAK_NEXT_ZEROED
check fails "room for the next header" "assertion violated" -DBREAK_ROOM_FOR_NEXT
check fails "a look at the ring after that at the state" "assertion violated" -DBREAK_LAST_LOOK
check fails "a look at the state after that at the socket's end" "assertion violated" -DBREAK_END_BEFORE_STATE

wrong=0
echo "as the protocol is:"
for i in "${!pids[@]}"; do
  [ "$i" -ne "$whole" ] || echo "with a rule left out:"
  wait "${pids[i]}" || wrong=1
  cat "$folder/$i.txt"
done
[ $wrong = 0 ] || exit 1
echo "the model: $(($(cat "$folder"/*/states | paste -sd+ -))) states of the rings hold, and each rule left out is missed"
