# shellcheck shell=bash
# What a run needs on the machine: the peers, the C programs, the native command.

# The Debian packages that a command comes in.
package_of() {
    case $1 in
    cc) echo gcc libc6-dev ;;
    nc) echo netcat-openbsd ;;
    zmq) echo libzmq3-dev ;;
    nng) echo libnng-dev ;;
    *) echo "$1" ;;
    esac
}

is_here() {
    case $1 in
    # Without its headers a compiler is of no use, and Debian has them in another package.
    cc) echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 ;;
    nc) nc -h 2>&1 | grep -q OpenBSD ;;
    bench) true ;; # need_bench makes it
    rabbitmq-server) [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] ;;
    zmq) echo '#include <zmq.h>' | gcc -E - >/dev/null 2>&1 ;;
    nng) echo '#include <nng/nng.h>' | gcc -E - >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

missing_of() {
    local peer
    for peer in "$@"; do
        [[ -n $peer ]] || continue # a row that needs none
        is_here "$peer" || package_of "$peer"
    done | tr ' ' '\n' | sort -u
}

need_peers() {
    local packages
    mapfile -t packages < <(missing_of "$@")
    [[ ${#packages[@]} -gt 0 ]] || return 0
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        say "installing ${packages[*]}"
        # RUNLEVEL=1 keeps a package from starting its service: the rows start what they need themselves.
        export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
        if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >&2; then
            fail 3 "could not install ${packages[*]}"
        fi
        unset RUNLEVEL
        mapfile -t packages < <(missing_of "$@")
        [[ ${#packages[@]} -gt 0 ]] || return 0
    fi
    fail 3 "missing: ${packages[*]} (on Debian as root: apt-get install ${packages[*]})"
}

build_c_programs() {
    local source program library
    local -a libraries
    mkdir -p "$BIN"
    for source in "$PERF"/c/*.c; do
        program=$BIN/$(basename "$source" .c)
        libraries=()
        for library in zmq nng; do
            [[ $source == */${library}_* ]] || continue
            is_here "$library" || continue 2 # only the rows that compare with it need it
            libraries=("-l$library")
        done
        if [[ ! $program -nt $source || -n $(find "$PERF/c" -name '*.h' -newer "$program") ]]; then
            gcc -std=gnu17 -O2 -Wall -Wextra -Werror -pthread "$source" -o "$program" "${libraries[@]}" ||
                fail 3 "could not build ${source#"$ROOT"/}"
        fi
    done
}

need_parley() {
    if [[ ! -x $PARLEY ]]; then
        say "artifacts/parley is missing: running eng/publish-native.sh"
        [[ -x $ROOT/eng/publish-native.sh ]] || fail 3 "artifacts/parley is missing, and so is eng/publish-native.sh that makes it"
        "$ROOT/eng/publish-native.sh" >&2 || fail 3 "eng/publish-native.sh failed"
        [[ -x $PARLEY ]] || fail 3 "eng/publish-native.sh made no artifacts/parley"
    fi
    "$PARLEY" --version >/dev/null || fail 3 "artifacts/parley does not run"
    if [[ -n $(find "$ROOT/src" \( -name bin -o -name obj \) -prune -o -type f -newer "$PARLEY" -print -quit 2>/dev/null) ]]; then
        say "warning: artifacts/parley is older than its source; eng/publish-native.sh makes it anew"
    fi
}

need_bench() {
    if [[ ! -x $BENCH || -n $(find "$ROOT/src/Parley" "$ROOT/src/Parley.RabbitMQ" "$PERF/bench" \( -name bin -o -name obj \) -prune -o -type f -newer "$BENCH" -print -quit) ]]; then
        say "making ${BENCH#"$ROOT"/}"
        "$ROOT/eng/publish-native.sh" "$(dirname "$BENCH")" perf/bench Parley.Bench "$(basename "$BENCH")" >&2 || fail 3 "eng/publish-native.sh failed"
    fi
}

version_of() {
    case $1 in
    cc) gcc --version | head -n 1 ;;
    parley) echo "parley $("$PARLEY" --version | sed 's/^parley //;1q'), $(stat -c %s "$PARLEY") bytes" ;;
    bench) echo "parley-bench, $(stat -c %s "$BENCH") bytes" ;;
    socat) socat -V | sed -n 's/^socat version \([^ ]*\).*/socat \1/p' ;;
    haproxy) haproxy -v | sed -n 's/^HAProxy version \([^ ]*\).*/HAProxy \1/p' ;;
    zmq) echo '#include <zmq.h>
ZMQ_VERSION_MAJOR.ZMQ_VERSION_MINOR.ZMQ_VERSION_PATCH' | gcc -E - | sed -n '$s/\([0-9]*\) *\. *\([0-9]*\) *\. *\([0-9]*\).*/libzmq \1.\2.\3/p' ;;
    nng) dpkg-query -W -f 'nng ${Version}\n' libnng-dev ;;
    rabbitmq-server) dpkg-query -W -f 'RabbitMQ ${Version}, RabbitMQ.Client 7.1.2\n' rabbitmq-server ;;
    nc) nc -h 2>&1 | sed -n '1s/ (/ /;1s/)//p' ;;
    *) "$1" --version 2>&1 | head -n 1 ;;
    esac
}
