# shellcheck shell=bash
# 64 bytes there and back on one TCP connection.
#
# Guards: the way from "readable" to "written" without a thread hop. Ignores: throughput, and many clients at once.
# socat's fastest echo is PIPE, one process with a pipe to itself; EXEC:cat takes two more switches of process.

row_summary="64 B TCP round trip; beside C with epoll and socat"
row_needs="socat"

row_run() {
    echo_compare "two cores" "$CORE_A" c "C epoll" --target 1.0
    echo_compare "two cores" "$CORE_A" socat "socat PIPE" --target 0.75
    echo_compare "one core" "$CORE_B" c "C epoll"
    echo_compare "one core" "$CORE_B" socat "socat PIPE"
    note "The limit of a server that sleeps between messages is two passes through the loopback stack and, on two cores," \
        "two wake-ups of an idle core; C with epoll has nothing else in it but three system calls a message."
}

# echo_compare TEXT CORE PEER PEER-TEXT [--target N]
echo_compare() {
    local text=$1 core=$2 peer=$3 peer_text=$4
    shift 4
    compare --work "64 B round trip, $text" --peer "$peer_text" --unit µs --better lower "$@" \
        --begin "echo_begin $core $peer" --end stop_servers \
        --parley "echo_sample parley" --other "echo_sample $peer"
}

# echo_begin CORE PEER
echo_begin() {
    start_server parley "$1" "$PARLEY" serve tcp://127.0.0.1:0 --echo
    case $2 in
    c) start_server c "$1" "$BIN/echo_server" 127.0.0.1:0 ;;
    socat) start_server socat "$1" socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,nodelay PIPE ;;
    esac
    wait_for_port parley
    wait_for_port "$2"
}

echo_sample() {
    client "$CORE_B" echo_client "127.0.0.1:${SERVER_PORT[$1]}" 1000 100 64
}
