#!/usr/bin/env bash
# Restores, builds with warnings as errors, and runs every test. The one test command.
#   eng/test.sh [PROJECT...]      default: every test project; a name such as Parley.Tests runs that one
#
# As root on Debian it first installs the real programs that the tests talk to. Elsewhere the tests that need a missing one are
# skipped and say why. PARLEY_COMMAND=PATH tests that command instead of the one that is built here.
set -euo pipefail
cd "$(dirname "$0")/.."
. eng/lib/debian.sh

debian_install gcc libc6-dev openssl socat ncat netcat-openbsd util-linux iproute2 iptables procps strace spin \
  rabbitmq-server python3-pika \
  || echo "some programs that the tests talk to may be missing: tests that need one will be skipped"

projects=("$@")
[ "${#projects[@]}" -gt 0 ] || projects=(Parley.Tests Parley.RabbitMQ.Tests Parley.Cli.Tests)

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for project in "${projects[@]}"; do
  dotnet build "test/$project" -c Release --nologo -v quiet
done

# The model of the shared-memory rings, where the checker is there.
failed_runs=0
if command -v spin > /dev/null && [[ " ${projects[*]} " == *" Parley.Tests "* ]]; then
  eng/model/check.sh || failed_runs=$((failed_runs + 1))
fi

for project in "${projects[@]}"; do
  dotnet test "test/$project" -c Release --no-build --nologo \
    --logger "trx;LogFileName=$results/$project.trx" --logger "console;verbosity=minimal" \
    --blame-hang-timeout 10m --blame-hang-dump-type none || failed_runs=$((failed_runs + 1))
done

eng/lib/count-tests.sh "$results" "$failed_runs"
