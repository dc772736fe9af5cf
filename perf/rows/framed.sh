# shellcheck shell=bash
# Framed messages over a Unix socket: 64 bytes there and back, and 8 bytes one way, beside libzmq over ipc and beside plain C.
#
# Guards: that a message costs one system call each way and no thread in between; that looking before sleeping (spin) pays.
# Ignores: large messages, TCP, many senders and receivers. "block" is a wait in the blocking calls without a look.

row_summary="framed messages over a Unix socket: round trip and messages a second; beside libzmq ipc and C"
row_needs="bench zmq"

row_run() {
    framed_compare_trips "libzmq ipc" zmq async --target 0.25
    framed_compare_trips "libzmq ipc" zmq spin
    framed_compare_trips "C, blocking" unix block --target 1.05
    framed_compare_trips "C, blocking" unix spin --target 0.35
    framed_compare_trips "C, blocking" unix async
    compare --work "8 B one way, batches, two cores" --peer "libzmq ipc" --unit /s --better higher --target 2 \
        --begin framed_begin_rates --end framed_end \
        --parley "bench_client $CORE_B framed-receive $SCRATCH/parley.sock 50000 5000" \
        --other "client $CORE_B zmq_receive $SCRATCH/peer.sock 20000 2000"
    note "The limit of a round trip is that of its four calls on Unix sockets and, where both sides sleep, of two wake-ups: C has nothing else in it. Looking" \
        "leaves the wake-ups out. In batches many messages share a call each way, and the limit is taking them apart."
}

# framed_compare_trips PEER-TEXT PEER MODE [--target N]
framed_compare_trips() {
    local text=$1 peer=$2 mode=$3
    shift 3
    compare --work "64 B round trip, $mode, two cores" --peer "$text" --unit µs --better lower "$@" \
        --begin "framed_begin_trips $mode $peer" --end framed_end \
        --parley "bench_client $CORE_B framed-ping $mode $SCRATCH/parley.sock 2000 200 64" \
        --other "client $CORE_B ${peer}_ping $SCRATCH/peer.sock 2000 200 64"
}

# framed_begin_trips MODE PEER
framed_begin_trips() {
    start_server parley "$CORE_A" "$BENCH" framed-echo "$1" "$SCRATCH/parley.sock"
    start_server peer "$CORE_A" "$BIN/$2_echo" "$SCRATCH/peer.sock"
    framed_wait
}

framed_begin_rates() {
    start_server parley "$CORE_A" "$BENCH" framed-send "$SCRATCH/parley.sock"
    start_server peer "$CORE_A" "$BIN/zmq_send" "$SCRATCH/peer.sock"
    framed_wait
}

# framed_wait: until both have their sockets.
framed_wait() {
    local name try
    for name in parley peer; do
        for ((try = 0; try < 1000; try++)); do
            [[ ! -S $SCRATCH/$name.sock ]] || continue 2
            sleep 0.01
        done
        fail 1 "$name does not listen: $(tail -n 3 "$SCRATCH/$name.log")"
    done
}

framed_end() {
    stop_servers
    rm -f "$SCRATCH/parley.sock" "$SCRATCH/peer.sock"
}
