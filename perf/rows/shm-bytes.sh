# shellcheck shell=bash
# Bytes one way through shared memory: the library at both ends beside a ring in C, a Unix socket in C, and messages of
# as many bytes over ipc: of libzmq and nng.
#
# Guards: that what is written is copied once, into the ring, and read where it is; that neither side makes a system call while both are awake.
# Ignores: small writes, and what the reader does with the bytes: all of them read one word of each line. C's processes are parent and child.

row_summary="shared memory: bytes, 64 KiB writes; beside a C ring, a Unix socket, libzmq and nng"
row_needs="bench zmq nng"

shm_bytes=$((512 * 1024 * 1024))

row_run() {
    shm_bytes_compare "two cores" "$CORE_A" shm_bytes "C ring" --target 0.95
    shm_bytes_compare "two cores" "$CORE_A" unix_bytes "C, Unix socket" --target 2.7
    shm_bytes_compare "two cores" "$CORE_A" zmq_bytes "libzmq ipc" --target 7
    shm_bytes_compare "two cores" "$CORE_A" nng_bytes "nng ipc" --target 7
    shm_bytes_compare "one core" "$CORE_B" shm_bytes "C ring"
    note "The limit is the copy into the ring, and that each of its lines goes from one core to the other and back."
}

# shm_bytes_compare TEXT CORE PROGRAM PEER-TEXT [--target N]
shm_bytes_compare() {
    local text=$1 core=$2 program=$3 peer_text=$4
    local slower=1
    shift 4
    [[ $program == shm_bytes ]] || slower=4 # samples of about the same time
    compare --work "64 KiB writes, one way, $text" --peer "$peer_text" --unit GB/s --better higher "$@" \
        --begin "shm_bytes_begin $core" --end shm_bytes_end \
        --parley "bench_client $CORE_B shm-bytes-receive $SCRATCH/bytes.sock $shm_bytes" \
        --other "client any $program $CORE_B $core 65536 $((shm_bytes / slower))"
}

# shm_bytes_begin CORE: until it has its socket.
shm_bytes_begin() {
    local try
    start_server parley "$1" "$BENCH" shm-bytes-send "$SCRATCH/bytes.sock" 65536 "$shm_bytes"
    for ((try = 0; try < 1000; try++)); do
        [[ ! -S $SCRATCH/bytes.sock ]] || return 0
        sleep 0.01
    done
    fail 1 "the server does not listen: $(tail -n 3 "$SCRATCH/parley.log")"
}

shm_bytes_end() {
    stop_servers
    rm -f "$SCRATCH/bytes.sock" "$SCRATCH/bytes.sock.lock"
}
