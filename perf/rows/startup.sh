# shellcheck shell=bash
# How long the native command takes to start, and what memory it takes.
#
# Guards: what runs before the first line of the program, and the parsing of the command line. Not pinned, as people
# start it: the command may use both cores, and so may its peer. Each sample is the median of its starts.

row_summary="start of the native command: --version, and connect to the first byte; beside socat and nc"
row_needs="socat nc"

row_run() {
    local socat nc address
    socat=$(command -v socat) # so that nobody has to search for it while it is measured
    nc=$(command -v nc)
    compare --work "--version: time" --peer "socat -V" --unit ms --better lower --target 1.2 \
        --parley "startup_time $PARLEY --version" --other "startup_time $socat -V"
    compare --work "--version: memory" --peer "socat -V" --unit MB --better lower --limit 10 --no-canary \
        --parley "startup_memory $PARLEY --version" --other "startup_memory $socat -V"
    compare --work "--version: time" --peer "nc -h" --unit ms --better lower \
        --parley "startup_time $PARLEY --version" --other "startup_time $nc -h"
    compare --work "--version: memory" --peer "nc -h" --unit MB --better lower --no-canary \
        --parley "startup_memory $PARLEY --version" --other "startup_memory $nc -h"

    start_server c "$CORE_B" "$BIN/accept_server" 127.0.0.1:0
    wait_for_port c
    address=127.0.0.1:${SERVER_PORT[c]}
    compare --work "connect to the first byte: time" --peer "socat -u" --unit ms --better lower --target 1.2 \
        --parley "connect_time $PARLEY connect tcp://$address" --other "connect_time $socat -u TCP:$address -"
    compare --work "connect to the first byte: memory" --peer "socat -u" --unit MB --better lower --limit 10 --no-canary \
        --parley "connect_memory $PARLEY connect tcp://$address" --other "connect_memory $socat -u TCP:$address -"
    stop_server c
    note "Memory is the largest resident set (ru_maxrss) of any start of the sample; 1 MB is 1,000,000 bytes." \
        "Standard input is /dev/null."
}

startup_time() {
    client any spawn 5 -- "$@"
    SAMPLE=${SAMPLE% *}
}

startup_memory() {
    client any spawn 10 -- "$@"
    SAMPLE=$(megabytes "${SAMPLE#* }")
}

connect_time() {
    client any spawn 5 --until-first-byte "Server Message" -- "$@"
    SAMPLE=${SAMPLE% *}
}

connect_memory() {
    client any spawn 10 --until-first-byte "Server Message" -- "$@"
    SAMPLE=$(megabytes "${SAMPLE#* }")
}

megabytes() {
    awk -v kib="$1" 'BEGIN { print kib * 1024 / 1e6 }'
}
