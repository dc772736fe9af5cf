# shellcheck shell=bash
# Connections a second: connect, 14 bytes, close, by one client, one after the other.
#
# Guards: what the accept loop costs, the calls for a client, and what is allocated for one. Ignores: many clients at
# once, and slow ones.
# socat is used in its lightest form that gives every client a message: a child for each, which opens a file and copies
# it one way (-U), without starting a program.

row_summary="connections a second: connect, 14 bytes, close; beside a C accept loop and socat's fork"
row_needs="socat"

row_run() {
    printf 'Server Message' >"$WORK/message"
    compare --work "connect, 14 bytes, close" --peer "C accept loop" --unit /s --better higher --target 0.97 \
        --parley "connections_parley" --other "connections_c"
    compare --work "connect, 14 bytes, close" --peer "socat, fork" --unit /s --better higher --target 10 \
        --parley "connections_parley" --other "connections_socat"
    note "The C loop is the limit of one thread that blocks in accept: what remains is the kernel's work for socket," \
        "handshake and close, and two wake-ups of a sleeping process."
}

connections_parley() {
    start_server parley "$CORE_A" "$PARLEY" serve tcp://127.0.0.1:0
    connections_sample parley 4000
}

connections_c() {
    start_server c "$CORE_A" "$BIN/accept_server" 127.0.0.1:0
    connections_sample c 4000
}

connections_socat() {
    start_server socat "$CORE_A" socat -U TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,backlog=10 "OPEN:$WORK/message,rdonly"
    connections_sample socat 400
}

# connections_sample SERVER COUNT: about as long for each server, whatever its speed.
connections_sample() {
    wait_for_port "$1"
    SAMPLE=$(client "$CORE_B" connect_client "127.0.0.1:${SERVER_PORT[$1]}" "$2" $(($2 / 5)) "Server Message")
    stop_server "$1"
}
