#!/usr/bin/env bash
# count-tests.sh RESULTS_FOLDER FAILED_RUNS
# Adds up test results, lists what failed and why others were skipped, and ends with `N passed, N failed, N skipped`.
set -euo pipefail
results=$1
failed_runs=$2

counter() { # counter NAME: the sum of that attribute over all results
  grep -ho "<Counters [^>]*>" "$results"/*.trx 2> /dev/null | grep -o " $1=\"[0-9]*\"" | grep -o '[0-9]*' | awk '{ sum += $1 } END { print sum + 0 }'
}

total=$(counter total)
passed=$(counter passed)
failed=$(counter failed)
skipped=$((total - passed - failed))

grep -ho 'testName="[^"]*"[^>]*outcome="Failed"' "$results"/*.trx 2> /dev/null | sed 's/testName="\([^"]*\)".*/failed: \1/' | sort || true

# A run that ended before it counted its tests has failed, whatever the others say.
if [ "$failed_runs" -gt 0 ] && [ "$failed" = 0 ]; then
  echo "a test run ended badly: see above"
  failed=$failed_runs
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
