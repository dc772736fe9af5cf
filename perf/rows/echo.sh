# shellcheck shell=bash
# 64 bytes there and back on one TCP connection.
#
# Guards: the way from "readable" to "written" without a thread hop. Ignores: throughput, and many clients at once.
# socat's fastest echo is PIPE, one process with a pipe to itself; EXEC:cat takes two more switches of process.

row_summary="64 B TCP round trip; beside C with epoll and socat"
row_needs="socat"

row_run() {
    compare --work "64 B round trip, two cores" --peer "C epoll" --unit µs --better lower --target 1.0 \
        --parley "echo_parley $CORE_A" --other "echo_c $CORE_A"
    compare --work "64 B round trip, two cores" --peer "socat PIPE" --unit µs --better lower --target 0.75 \
        --parley "echo_parley $CORE_A" --other "echo_socat $CORE_A"
    compare --work "64 B round trip, one core" --peer "C epoll" --unit µs --better lower \
        --parley "echo_parley $CORE_B" --other "echo_c $CORE_B"
    compare --work "64 B round trip, one core" --peer "socat PIPE" --unit µs --better lower \
        --parley "echo_parley $CORE_B" --other "echo_socat $CORE_B"
    note "The limit of a server that sleeps between messages is two passes through the loopback stack and, on two cores," \
        "two wake-ups of an idle core; C with epoll has nothing else in it but three system calls a message."
}

echo_parley() {
    start_server parley "$1" "$PARLEY" serve tcp://127.0.0.1:0 --echo
    echo_sample parley
}

echo_c() {
    start_server c "$1" "$BIN/echo_server" 127.0.0.1:0
    echo_sample c
}

echo_socat() {
    start_server socat "$1" socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,nodelay PIPE
    echo_sample socat
}

echo_sample() {
    wait_for_port "$1"
    SAMPLE=$(client "$CORE_B" echo_client "127.0.0.1:${SERVER_PORT[$1]}" 10000 1000 64)
    stop_server "$1"
}
