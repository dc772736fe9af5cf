#!/usr/bin/env bash
# Makes artifacts/parley: the command as one native file.
#   eng/publish-native.sh [DIRECTORY]                          default: artifacts
#   eng/publish-native.sh DIRECTORY PROJECT ASSEMBLY NAME      another program of this repository
#
# The native toolchain of .NET 10 is used where it can be restored, that of .NET 9 otherwise; both build the same sources.
set -euo pipefail
cd "$(dirname "$0")/.."
. eng/lib/debian.sh

out=$(realpath -m "${1:-artifacts}")
project=${2:-src/Parley.Cli}
assembly=${3:-Parley.Cli}
name=${4:-parley}
compiler=$(command -v clang || command -v gcc || true)
if [ -z "$compiler" ] || ! has_zlib_headers; then
  debian_install gcc libc6-dev zlib1g-dev
  compiler=$(command -v clang || command -v gcc) || { echo "publish-native: a C compiler (clang or gcc) and zlib's headers are needed to link" >&2; exit 1; }
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for framework in ${PARLEY_NATIVE_FRAMEWORKS:-net10.0 net9.0}; do
  if dotnet publish "$project" -c Release -r "$(eng/lib/rid.sh)" --nologo -v quiet \
      -p:ParleyTargetFramework="$framework" -p:ParleyNative=true -p:CppCompilerAndLinker="$compiler" \
      -o "$out/publish-$name-$framework" > "$log" 2>&1; then
    install -m 0755 "$out/publish-$name-$framework/$assembly" "$out/$name"
    rm -rf "$out/publish-$name-$framework"
    echo "made $out/$name ($framework, $(stat -c %s "$out/$name") bytes)"
    exit 0
  fi
  # Only a toolchain that is not there to be had is a reason to try the next one.
  if ! grep -qE 'NU1101|NU1102|NU1103|NU1301|NETSDK1094|NETSDK1207' "$log"; then
    break
  fi
done
cat "$log" >&2
exit 1
