# shellcheck shell=bash
# Connections a second: connect, 14 bytes, close, by one client, one after the other.
#
# Guards: what the accept loop costs, the calls for a client, and what is allocated for one. Ignores: many clients at
# once, and slow ones.
#
# On two cores most of the time goes into waking the other one, on one core it is the work of the two programs: parley
# must be as good as the C loop in both. The target against socat is for one core: there C reaches 11 times socat's
# rate, on two cores 6 or 7 times.
# socat is used in its lightest form that gives every client a message: a child for each, which opens a file and copies
# it one way (-U), without starting a program.

row_summary="connections a second: connect, 14 bytes, close; beside a C accept loop and socat's fork"
row_needs="socat"

row_run() {
    printf 'Server Message' >"$SCRATCH/message"
    connections_compare "two cores" "$CORE_A" c "C accept loop" 300 --target 0.97
    connections_compare "one core" "$CORE_B" c "C accept loop" 300 --target 0.97
    connections_compare "one core" "$CORE_B" socat "socat, fork" 30 --target 10
    connections_compare "two cores" "$CORE_A" socat "socat, fork" 30
    note "The C loop is the limit of one thread that blocks in accept: what remains is the kernel's work for socket," \
        "handshake and close, and on two cores two wake-ups of a sleeping process."
}

# connections_compare TEXT CORE PEER PEER-TEXT COUNT [--target N]: COUNT connections of the peer take about as long as
# the 300 of parley.
connections_compare() {
    local text=$1 core=$2 peer=$3 peer_text=$4 count=$5
    shift 5
    compare --work "connect, 14 bytes, close, $text" --peer "$peer_text" --unit /s --better higher "$@" \
        --begin "connections_begin $core $peer" --end stop_servers \
        --parley "connections_sample parley 300" --other "connections_sample $peer $count"
}

# connections_begin CORE PEER
connections_begin() {
    start_server parley "$1" "$PARLEY" serve tcp://127.0.0.1:0
    case $2 in
    c) start_server c "$1" "$BIN/accept_server" 127.0.0.1:0 ;;
    socat) start_server socat "$1" socat -U TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,backlog=10 "OPEN:$SCRATCH/message,rdonly" ;;
    esac
    wait_for_port parley
    wait_for_port "$2"
}

# connections_sample SERVER COUNT
connections_sample() {
    client "$CORE_B" connect_client "127.0.0.1:${SERVER_PORT[$1]}" "$2" $(($2 / 10)) "Server Message"
}
