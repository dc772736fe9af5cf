# shellcheck shell=bash
# One way through a TCP relay: throughput, CPU time, a hundred at once, and 64 bytes there and back.
#
# Guards: that bytes are moved within the kernel, and what a relay costs besides. Ignores: relays between unlike channels.
# "beside the receiver": who sends has a core, the relay and who receives share the other one, so that what the relay leaves of it counts.
# "alone": the relay has a core of its own; then who sends and who receives share the other one, which is what limits all relays that do not
# copy byte by byte. The two ends are the same for all. For a hundred at once socat needs a process each, as it has no other way.

row_summary="one way through a TCP relay, 1 and 100 at once, CPU time, 64 B round trip; beside C, HAProxy and socat"
row_needs="socat haproxy"

relay_bytes=$((512 * 1024 * 1024))

# Where it is 100 at once: a fifth of a second would be what connections do at their start. Of more than this, the virtual cores are moved in the middle
# of most samples.
relay_bytes_many=$((4 * relay_bytes))
# Where the kernel's ticks are counted.
relay_bytes_long=$((8 * relay_bytes))

row_run() {
    RELAY_CORES=beside
    relay_compare "one way, beside the receiver" haproxy "HAProxy, splice" 1 --target 0.97
    relay_compare "one way, beside the receiver" c "C splice loop" 1 --target 0.95
    relay_compare "one way, beside the receiver" socat "socat" 1 --target 4
    relay_compare "one way, beside the receiver" socat-large "socat -b 262144" 1 --target 1.6
    RELAY_CORES=alone
    relay_compare "one way, alone" haproxy "HAProxy, splice" 1
    relay_compare "one way, alone" c "C splice loop" 1
    compare --work "CPU time, one way" --peer "HAProxy, splice" --unit "s/GiB" --better lower --target 1.1 --pairs 3 \
        --begin "relay_begin haproxy" --end stop_servers --parley "relay_cpu_sample parley" --other "relay_cpu_sample haproxy"
    relay_compare "100 at once" socat-large "socat -b 262144, fork" 100 --target 1.5
    relay_compare "100 at once" haproxy "HAProxy, splice" 100
    compare --work "64 B round trip, two cores" --peer "socat, nodelay" --unit µs --better lower --target 0.9 \
        --begin "relay_echo_begin" --end stop_servers --parley "relay_echo_sample parley" --other "relay_echo_sample socat"
    note "A relay has the receiver's loopback stack to feed. Beside the receiver, the C loop's next piece and the receiver push each other out of the caches;" \
        "parley gives the core away after each piece, so that it is received while it is there. With a core of its own, the two ends are the limit of all."
}

# relay_compare TEXT PEER PEER-TEXT CONNECTIONS [--target N]
relay_compare() {
    local text=$1 peer=$2 peer_text=$3 connections=$4
    shift 4
    compare --work "$text" --peer "$peer_text" --unit GB/s --better higher --pairs 3 "$@" \
        --begin "relay_begin $peer" --end stop_servers \
        --parley "relay_sample parley $connections" --other "relay_sample $peer $connections"
}

# relay_begin PEER: parley and the peer, each with a target port of its own.
relay_begin() {
    local port
    declare -gA RELAY_TARGET
    RELAY_TARGET[parley]=$("$BIN/free_port")
    RELAY_TARGET[$1]=$("$BIN/free_port")
    start_server parley "$CORE_A" "$PARLEY" relay tcp://127.0.0.1:0 "tcp://127.0.0.1:${RELAY_TARGET[parley]}" --backlog 512
    port=$("$BIN/free_port")
    case $1 in
    c) start_server c "$CORE_A" "$BIN/splice_relay" "127.0.0.1:$port" "127.0.0.1:${RELAY_TARGET[c]}" ;;
    haproxy) start_server haproxy "$CORE_A" env "PORT=$port" "TARGET=${RELAY_TARGET[haproxy]}" haproxy -db -f "$PERF/rows/relay.haproxy.cfg" ;;
    socat) start_server socat "$CORE_A" socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,backlog=512" "TCP:127.0.0.1:${RELAY_TARGET[socat]}" ;;
    socat-large) start_server socat-large "$CORE_A" socat -b 262144 "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,backlog=512" "TCP:127.0.0.1:${RELAY_TARGET[socat-large]}" ;;
    esac
    wait_for_port parley
    wait_for_port "$1"
}

# relay_sample SERVER CONNECTIONS
relay_sample() {
    local bytes=$relay_bytes
    (($2 == 1)) || bytes=$relay_bytes_many
    if [[ $RELAY_CORES == beside ]]; then
        client any relay_client "127.0.0.1:${SERVER_PORT[$1]}" "${RELAY_TARGET[$1]}" "$((bytes / $2))" "$2" - "$CORE_B" "$CORE_A"
    else
        client "$CORE_B" relay_client "127.0.0.1:${SERVER_PORT[$1]}" "${RELAY_TARGET[$1]}" "$((bytes / $2))" "$2"
    fi
}

relay_cpu_sample() {
    client "$CORE_B" relay_client "127.0.0.1:${SERVER_PORT[$1]}" "${RELAY_TARGET[$1]}" "$relay_bytes_long" 1 "${SERVER_PID[$1]}"
}

relay_echo_begin() {
    start_server echo "$CORE_B" "$BIN/echo_server" 127.0.0.1:0
    wait_for_port echo
    start_server parley "$CORE_A" "$PARLEY" relay tcp://127.0.0.1:0 "tcp://127.0.0.1:${SERVER_PORT[echo]}"
    start_server socat "$CORE_A" socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,nodelay "TCP:127.0.0.1:${SERVER_PORT[echo]},nodelay"
    wait_for_port parley
    wait_for_port socat
}

relay_echo_sample() {
    client "$CORE_B" echo_client "127.0.0.1:${SERVER_PORT[$1]}" 1000 100 64
}
