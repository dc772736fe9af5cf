# shellcheck shell=bash
# Shared memory: messages of 56 bytes there and back, and one way, the library's public calls beside C that does the same and no more.
#
# Guards: that a message costs one line of the cache each way, no fence, and no system call while both sides are awake; that on one core the other
# side is let run at once. Ignores: large messages, many threads. C's processes are parent and child, with the rings in memory that they
# share; both of the library's meet at a socket. "alone" is with the promise that there is one thread a direction, "shared" without, "batches" as alone,
# 64 messages with each blocking call.

row_summary="shared memory: messages; beside C rings, the bare flag and C that sleeps"
row_needs="bench"

row_run() {
    shm_compare_trips alone "the bare flag, a word each way" words --target 1.25
    shm_compare_trips alone "the bare flag, one word" flag
    shm_compare_trips alone "C, commit headers" headers --target 1.05
    shm_compare_trips alone "C, commit headers, may sleep" membarrier
    shm_compare_trips alone "C, cached indices" tail
    shm_compare_trips shared "C, commit headers" headers
    compare --work "56 B round trip, alone, one core" --peer "C, futex only" --unit µs --better lower --one-core --target 1.05 \
        --begin "shm_begin $CORE_B shm-echo alone" --end shm_end \
        --parley "bench_client $CORE_B shm-ping alone $SCRATCH/shm.sock 5000 2000 56" \
        --other "client any shm_ping futex $CORE_B $CORE_B 5000 2000 56"
    compare --work "56 B round trip, async, two cores" --peer "C, commit headers" --unit µs --better lower --no-busy \
        --begin "shm_begin $CORE_A shm-echo async" --end shm_end \
        --parley "bench_client $CORE_B shm-ping async $SCRATCH/shm.sock 2000 500 56" \
        --other "client any shm_ping headers $CORE_B $CORE_A 100000 20000 56"
    shm_compare_rates batches 56 "C, a fence each" fence --target 1.5
    shm_compare_rates batches 56 "C, membarrier" membarrier
    shm_compare_rates alone 56 "C, a fence each" fence
    shm_compare_rates shared 56 "C, a fence each" fence
    shm_compare_rates alone 1024 "C, membarrier" membarrier
    note "The bare flag is the limit. One word that both write moves with the right to write it: two transfers a round trip. A word each way, as all that" \
        "has a place for each direction must have it, takes back from its reader what it writes: four. What a message takes beyond that is its copy, and" \
        "that the line of the next header comes along. One way, with near cores, it is instructions: C's ring is part of the loop that fills it, the library's" \
        "is behind a call through a table, which asks whether the channel is open, whether another thread is in it, and counts."
}

# shm_compare_trips MODE PEER-TEXT C-MODE [--target N]
shm_compare_trips() {
    local mode=$1 peer=$2 c_mode=$3
    shift 3
    compare --work "56 B round trip, $mode, two cores" --peer "$peer" --unit µs --better lower "$@" \
        --begin "shm_begin $CORE_A shm-echo $mode" --end shm_end \
        --parley "bench_client $CORE_B shm-ping $mode $SCRATCH/shm.sock 100000 20000 56" \
        --other "client any shm_ping $c_mode $CORE_B $CORE_A 100000 20000 56"
}

# shm_compare_rates MODE SIZE PEER-TEXT C-MODE [--target N]
shm_compare_rates() {
    local mode=$1 size=$2 peer=$3 c_mode=$4
    local count=$((size > 100 ? 100000 : 2000000))
    shift 4
    compare --work "$size B one way, $mode, two cores" --peer "$peer" --unit /s --better higher "$@" \
        --begin "shm_begin $CORE_A shm-send $mode $size" --end shm_end \
        --parley "bench_client $CORE_B shm-receive $mode $SCRATCH/shm.sock $count $((count / 5))" \
        --other "client any shm_rate $c_mode $CORE_B $CORE_A $count $((count / 5)) $size"
}

# shm_begin CORE NAME MODE [SIZE]: until it has its socket.
shm_begin() {
    local core=$1 name=$2 mode=$3 try
    start_server parley "$core" "$BENCH" "$name" "$mode" "$SCRATCH/shm.sock" "${@:4}"
    for ((try = 0; try < 1000; try++)); do
        [[ ! -S $SCRATCH/shm.sock ]] || return 0
        sleep 0.01
    done
    fail 1 "the server does not listen: $(tail -n 3 "$SCRATCH/parley.log")"
}

shm_end() {
    stop_servers
    rm -f "$SCRATCH/shm.sock" "$SCRATCH/shm.sock.lock"
}
