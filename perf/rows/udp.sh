# shellcheck shell=bash
# 64-byte messages over UDP: there and back, into a receiver and out of a sender.
#
# Guards: the way from a datagram to the caller and back, without a garbage collection, and batches. Ignores: networks that lose, and many
# peers. The library's side is perf/bench; the client is C for both, and moves a window of messages with one system call.

row_summary="64 B UDP messages: round trip, received and sent a second; beside raw C"
row_needs="bench"

row_run() {
    udp_compare "round trip, async" ping echo echo µs lower --target 1.1
    udp_compare "round trip, blocking" ping echo echo-blocking µs lower --target 1.1
    udp_compare "received, one by one, async" flow sink sink messages/s higher --target 0.9
    udp_compare "received, one by one, blocking" flow sink sink-blocking messages/s higher --target 0.9
    udp_compare "received, in batches" segments sink sink-batch messages/s higher --target 1.5
    udp_compare "received, in batches, each sent by itself" flow sink sink-batch messages/s higher
    udp_compare "sent, one by one, async" fetch source source messages/s higher --target 0.9
    udp_compare "sent, one by one, blocking" fetch source source-blocking messages/s higher --target 0.9
    udp_compare "sent, in batches" fetch source source-batch messages/s higher --target 1.5
    note "C makes one blocking call a message. A window of 100 messages is acknowledged as a whole, so that none is lost." \
        "Batches go through the kernel as one datagram (UDP_SEGMENT) and come out as one (UDP_GRO), which a receiver without it" \
        "gets taken apart; where the sender sends each by itself, its own calls are the limit."
}

# udp_compare TEXT CLIENT-KIND SERVER-KIND BENCH-KIND UNIT BETTER [--target N]
udp_compare() {
    local text=$1 client=$2 server=$3 bench=$4 unit=$5 better=$6
    shift 6
    compare --work "64 B, $text" --peer "C, a call a message" --unit "$unit" --better "$better" "$@" \
        --begin "udp_begin $server $bench" --end stop_servers \
        --parley "udp_sample parley $client" --other "udp_sample c $client"
}

# udp_begin SERVER-KIND BENCH-KIND
udp_begin() {
    start_server parley "$CORE_A" "$BENCH" udp "$2" udp://127.0.0.1:0
    start_server c "$CORE_A" "$BIN/udp_server" "$1" 127.0.0.1:0
    wait_for_port parley udp
    wait_for_port c udp
}

udp_sample() {
    local count=1000 warmup=100
    [[ $2 == ping ]] || count=200 warmup=20
    client "$CORE_B" udp_client "$2" "127.0.0.1:${SERVER_PORT[$1]}" "$count" "$warmup" 64
}
