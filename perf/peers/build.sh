#!/usr/bin/env bash
# Builds the peers of the row shm-peers, which no package has, from checkouts of their sources: perf/peers/build.sh DIRECTORY. README.md says which.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -eq 1 && -d $1 ]] || {
    echo "usage: perf/peers/build.sh DIRECTORY   the one that has aeron, Aeron.NET, interprocess and Disruptor-net in it" >&2
    exit 2
}
source=$(cd "$1" && pwd)
output=$here/../bin/peers
for peer in aeron Aeron.NET interprocess Disruptor-net; do
    [[ -d $source/$peer ]] || {
        echo "$source/$peer is missing; see perf/peers/README.md" >&2
        exit 3
    }
done
mkdir -p "$output/aeron"
for peer in aeron Aeron.NET interprocess Disruptor-net; do
    echo "$peer $(git -C "$source/$peer" rev-parse --short=7 HEAD)"
done >"$output/versions"
output=$(cd "$output" && pwd)

cmake -S "$source/aeron" -B "$output/aeron" -DCMAKE_BUILD_TYPE=Release -DBUILD_AERON_ARCHIVE_API=OFF -DAERON_TESTS=OFF -DAERON_BUILD_SAMPLES=OFF \
    -DAERON_BUILD_DOCUMENTATION=OFF -DAERON_INSTALL_TARGETS=OFF \
    -DCMAKE_ARCHIVE_OUTPUT_DIRECTORY="$output/aeron/lib" -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$output/aeron/lib" -DCMAKE_CXX_FLAGS=-DDISABLE_BOUNDS_CHECKS
cmake --build "$output/aeron" --parallel --target aeronmd aeron_client
g++ -std=c++17 -O3 -DDISABLE_BOUNDS_CHECKS -I"$source/aeron/aeron-client/src/main/cpp" "$here/aeron/aeron_peer.cpp" "$output/aeron/lib/libaeron_client.a" \
    -pthread -o "$output/aeron_peer"
ln -sf aeron/binaries/aeronmd "$output/aeronmd"

dotnet build "$here/dotnet/Program/Program.csproj" -c Release -o "$output/dotnet" -p:PeersSource="$source" -p:PeersOutput="$output" --nologo -v quiet
