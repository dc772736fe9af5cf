# shellcheck shell=bash
# Shared memory: messages of 56 bytes there and back, and one way, beside what others offer for the same: Aeron, Aeron.NET, cloudtoid's queue and
# disruptor-net. They come in no package: perf/peers/build.sh builds them from their sources, and without them this row is left out.
#
# Guards: that shared memory through Parley stays ahead of them. Ignores: what they do that Parley doesn't (many receivers of a message, replay), and that
# all of them burn a core while nothing comes, where Parley sleeps. Each runs in two processes, pinned like Parley's, at its fastest: exclusive publications
# and claims in place (Aeron), calls that don't wait, again and again (cloudtoid; "may sleep": its call that does), a handler in its own spinning thread (disruptor-net). Parley's one way with
# batches of 64, as Aeron's and disruptor-net's readers too are handed what has come together; "alone" is a call for each message.

# shellcheck source=shm.sh
source "$PERF/rows/shm.sh"

row_summary="shared memory: messages; beside Aeron, Aeron.NET, cloudtoid's queue and disruptor-net, from their sources"
row_needs="bench"
row_by_hand=perf/peers/build.sh

shm_peers=$BIN/peers

row_run() {
    [[ -x $shm_peers/aeron_peer && -x $shm_peers/dotnet/dotnet_peer ]] || fail 3 "the peers are not built; perf/peers/README.md says how"
    # What they share is in memory, as Parley's is, and not on a disk.
    SHM_PEERS_PLACE=$(mktemp -d /dev/shm/parley-perf.XXXXXX)
    ln -s "$SHM_PEERS_PLACE" "$SCRATCH/peers"
    shm_peers_compare_trips "Aeron C++" aeron 100000 --target 0.92
    shm_peers_compare_trips "Aeron.NET" aeron-net 100000 --target 0.25
    shm_peers_compare_trips "cloudtoid's queue" cloudtoid 100000 --target 0.18
    shm_peers_compare_trips "disruptor-net" disruptor 100000
    shm_peers_compare_rates batches "Aeron C++, exclusive" aeron 2000000 --target 2.2
    shm_peers_compare_rates batches "Aeron C++, exclusive, terms of 1 MiB" aeron-small 2000000 --target 2.2
    shm_peers_compare_rates batches "Aeron.NET, exclusive" aeron-net 2000000
    shm_peers_compare_rates batches "cloudtoid's queue, may sleep" cloudtoid-sleeping 500000 --target 20
    shm_peers_compare_rates batches "cloudtoid's queue" cloudtoid 500000
    shm_peers_compare_rates batches "disruptor-net" disruptor 2000000 --target 2
    shm_peers_compare_rates alone "Aeron C++, exclusive" aeron 2000000
    shm_peers_compare_rates alone "disruptor-net" disruptor 2000000
    # Not parley: what a ring in C reaches, which does this and no more.
    compare --work "56 B one way, C's ring and not parley, two cores" --peer "cloudtoid's queue" --unit /s --better higher --pairs 5 \
        --begin "shm_peers_begin cloudtoid shm-send alone 56" --end shm_peers_end \
        --parley "client any shm_rate membarrier $CORE_B $CORE_A 1000000 200000 56" \
        --other "shm_peers_sample cloudtoid send receive 500000 500000 56"
    note "The peers: $(tr '\n' ',' <"$shm_peers/versions" | sed 's/,$//; s/,/, /g'), built by perf/peers/build.sh."
    note "Aeron's terms are of 64 MiB if nobody says otherwise: its writer may be so far ahead that its lines have left its core's cache when they are read," \
        "which is six times as fast as with a reader right behind it, at a latency of milliseconds. Parley's ring has 1 MiB, as with terms of 1 MiB."
    note "The limit is the bare flag, with which the row shm compares."
    note "Aeron's media driver is C's, shared and sleeping when idle, so that it leaves both cores to those who are measured. Parley's side may sleep; theirs never do," \
        "but where it says so."
}

row_clean() {
    [[ -z ${SHM_PEERS_PLACE:-} ]] || rm -rf "$SHM_PEERS_PLACE"
    # The names of cloudtoid's semaphores.
    rm -f /dev/shm/sem.ct.ip.parley-perf-there /dev/shm/sem.ct.ip.parley-perf-back
}

# shm_peers_compare_trips PEER-TEXT PEER COUNT [--target N]
shm_peers_compare_trips() {
    local text=$1 peer=$2 count=$3
    shift 3
    compare --work "56 B round trip, alone, two cores" --peer "$text" --unit µs --better lower --pairs 5 "$@" \
        --begin "shm_peers_begin $peer shm-echo alone" --end shm_peers_end \
        --parley "bench_client $CORE_B shm-ping alone $SCRATCH/shm.sock 100000 20000 56" \
        --other "shm_peers_sample $peer echo ping $count 100000 56"
}

# shm_peers_compare_rates MODE PEER-TEXT PEER COUNT [--target N]
shm_peers_compare_rates() {
    local mode=$1 text=$2 peer=$3 count=$4
    shift 4
    compare --work "56 B one way, $mode, two cores" --peer "$text" --unit /s --better higher --pairs 5 "$@" \
        --begin "shm_peers_begin $peer shm-send $mode 56" --end shm_peers_end \
        --parley "bench_client $CORE_B shm-receive $mode $SCRATCH/shm.sock 2000000 400000" \
        --other "shm_peers_sample $peer send receive $count 500000"
}

# shm_peers_begin PEER NAME MODE [SIZE]
shm_peers_begin() {
    local peer=$1
    shift
    shm_begin "$CORE_A" "$@"
    [[ $peer == aeron* ]] || return 0
    start_server driver any env "AERON_DIR=$SCRATCH/peers/driver" AERON_THREADING_MODE=SHARED AERON_SHARED_IDLE_STRATEGY=sleep-ns \
        AERON_SHARED_IDLE_STRATEGY_INIT_ARGS=1ms "$shm_peers/aeronmd"
    shm_peers_wait "$SCRATCH/peers/driver/cnc.dat"
    shm_peers_driver STOP
}

# shm_peers_driver CONT|STOP: Aeron's driver wakes up every millisecond; while somebody else is measured it does not.
shm_peers_driver() {
    [[ -z ${SERVER_PID[driver]:-} ]] || kill "-$1" "${SERVER_PID[driver]}"
}

shm_peers_end() {
    shm_peers_driver CONT
    shm_end
    rm -rf "${SHM_PEERS_PLACE:?}"/*
}

# shm_peers_sample PEER SERVER CLIENT ARGUMENTS...: a server of its own for each sample, for it takes all of its core while it runs.
shm_peers_sample() {
    local peer=$1 server=$2 client=$3 queue=$SCRATCH/peers/parley-perf driver=$SCRATCH/peers/driver
    local -a program=("$shm_peers/dotnet/dotnet_peer") place size=()
    shift 3
    mkdir "$queue"
    case $peer in
    aeron) program=("$shm_peers/aeron_peer") place=("$driver" 1000) ;;
    aeron-small) program=(env "AERON_PEER_CHANNEL=aeron:ipc?term-length=1m" "$shm_peers/aeron_peer") place=("$driver" 1000) ;;
    aeron-net) program+=(aeron) place=("$driver,1000") ;;
    *) program+=("$peer") place=("$queue") ;;
    esac
    [[ $server != send ]] || size=(56)
    shm_peers_driver CONT
    start_server peer "$CORE_A" "${program[@]}" "$server" "${place[@]}" "${size[@]}"
    record_command "client, core $CORE_B" "${program[@]}" "$client" "${place[@]}" "$@"
    SAMPLE=$(taskset -c "$CORE_B" "${program[@]}" "$client" "${place[@]}" "$@")
    stop_server peer
    shm_peers_driver STOP
    rm -rf "$queue"
}

# shm_peers_wait FILE
shm_peers_wait() {
    local try
    for ((try = 0; try < 1000; try++)); do
        [[ ! -s $1 ]] || return 0
        sleep 0.01
    done
    fail 1 "there is no $1: $(tail -n 3 "$SCRATCH/driver.log")"
}
