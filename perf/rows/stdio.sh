# shellcheck shell=bash
# Standard input of one process over TCP to standard output of another: a file to /dev/null, and in the middle of a shell pipeline.
#
# Guards: the way from standard input to a socket and from a socket to standard output, and what --progress costs. Ignores: terminals.
# Each sample is one run of both programs, their start included. The sender has one core, the receiver the other one; cat, which fills
# and empties the pipes, shares it with them.

row_summary="standard input, TCP, standard output; beside C, nc, socat and pv"
row_needs="socat nc pv"

stdio_bytes=$((512 * 1024 * 1024))

row_run() {
    # Memory, so that no disk is measured.
    stdio_file=$(mktemp /dev/shm/parley-perf.XXXXXX)
    trap 'rm -f "$stdio_file"; finish $?' EXIT
    head -c $((64 * 1024 * 1024)) /dev/urandom >"$stdio_file.part"
    for _ in $(seq $((stdio_bytes / 64 / 1024 / 1024))); do cat "$stdio_file.part"; done >"$stdio_file"
    rm -f "$stdio_file.part"
    stdio_hash=$(sha256sum <"$stdio_file")
    local peer
    for peer in parley parley-progress c nc socat socat-large pv; do
        stdio_check "$peer"
    done
    stdio_compare "file to /dev/null" file c "C, 256 KiB" --target 0.98
    stdio_compare "file to /dev/null" file nc "nc" --target 1.12
    stdio_compare "file to /dev/null" file socat-large "socat -b 262144" --target 1.12
    stdio_compare "file to /dev/null" file socat "socat"
    stdio_compare "in a pipeline" pipeline c "C, 256 KiB" --target 0.98
    stdio_compare "in a pipeline" pipeline nc "nc" --target 1.12
    stdio_compare "in a pipeline" pipeline socat-large "socat -b 262144" --target 1.12
    compare --work "--progress, in a pipeline" --peer "pv, socat -b 65536" --unit GB/s --better higher --pairs 3 --target 1.5 \
        --begin true --end true --parley "stdio_sample pipeline parley-progress" --other "stdio_sample pipeline pv"
    note "The limit is one copy into the socket and one out of it; in a pipeline, the two pipes between unlike processes besides."
}

# stdio_compare TEXT HOW PEER PEER-TEXT [--target N]
stdio_compare() {
    local text=$1 how=$2 peer=$3 peer_text=$4
    shift 4
    compare --work "$text" --peer "$peer_text" --unit GB/s --better higher --pairs 3 "$@" \
        --begin true --end true --parley "stdio_sample $how parley" --other "stdio_sample $how $peer"
}

stdio_receiver() {
    case $1 in
    parley | parley-progress) RECEIVER=("$PARLEY" listen -q --receive-only "tcp://127.0.0.1:$2") ;;
    c) RECEIVER=("$BIN/stdio_receive" "127.0.0.1:$2") ;;
    nc) RECEIVER=(nc -l -N 127.0.0.1 "$2") ;;
    socat) RECEIVER=(socat -u "TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr" -) ;;
    pv) RECEIVER=(socat -u -b 65536 "TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr" -) ;;
    socat-large) RECEIVER=(socat -u -b 262144 "TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr" -) ;;
    esac
}

stdio_sender() {
    case $1 in
    parley) SENDER=("$PARLEY" connect "tcp://127.0.0.1:$2") ;;
    parley-progress) SENDER=("$PARLEY" connect --progress "tcp://127.0.0.1:$2") ;;
    c) SENDER=("$BIN/stdio_send" "127.0.0.1:$2") ;;
    nc) SENDER=(nc -N 127.0.0.1 "$2") ;;
    socat) SENDER=(socat -u - "TCP:127.0.0.1:$2") ;;
    pv) SENDER=(sh -c "pv | socat -u -b 65536 - TCP:127.0.0.1:$2") ;;
    socat-large) SENDER=(socat -u -b 262144 - "TCP:127.0.0.1:$2") ;;
    esac
}

# stdio_start WHO COMMAND...: a receiver that listens; its standard output goes where descriptor 3 goes.
stdio_start() {
    local port try
    port=$("$BIN/free_port")
    stdio_receiver "$1" "$port"
    stdio_sender "$1" "$port"
    record_command "receiver, core $CORE_B" "${RECEIVER[@]}"
    record_command "sender, core $CORE_A" "${SENDER[@]}"
    taskset -c "$CORE_B" "${RECEIVER[@]}" </dev/null >&3 2>/dev/null &
    RECEIVER_PID=$!
    for ((try = 0; try < 1000; try++)); do
        ! grep -qi ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp || return 0
        sleep 0.01
    done
    fail 1 "the receiver does not listen"
}

stdio_check() {
    local got
    got=$({
        exec 3>&1
        stdio_start "$1"
        taskset -c "$CORE_A" "${SENDER[@]}" <"$stdio_file" >/dev/null 2>&1
        wait "$RECEIVER_PID"
        exec 3>&-
    } | sha256sum)
    [[ $got == "$stdio_hash" ]] || fail 1 "$1: what arrived is not what was sent"
}

# stdio_sample file|pipeline WHO: GB/s.
stdio_sample() {
    local start end
    if [[ $1 == file ]]; then
        exec 3>/dev/null
        stdio_start "$2"
        start=${EPOCHREALTIME/./}
        taskset -c "$CORE_A" "${SENDER[@]}" <"$stdio_file" >/dev/null 2>&1
        wait "$RECEIVER_PID" || fail 1 "$2: the receiver failed"
    else
        exec 3> >(exec taskset -c "$CORE_B" cat >/dev/null)
        local drain=$!
        stdio_start "$2"
        exec 3>&-
        start=${EPOCHREALTIME/./}
        taskset -c "$CORE_A" cat "$stdio_file" | taskset -c "$CORE_A" "${SENDER[@]}" >/dev/null 2>&1
        wait "$RECEIVER_PID" || fail 1 "$2: the receiver failed"
        wait "$drain"
    fi
    end=${EPOCHREALTIME/./}
    exec 3>&- || true
    SAMPLE=$(awk -v bytes="$stdio_bytes" -v us=$((end - start)) 'BEGIN { printf "%.4f\n", bytes / us / 1000 }')
}
