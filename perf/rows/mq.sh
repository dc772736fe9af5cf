# shellcheck shell=bash
# POSIX message queues: 64 bytes there and back through two queues, and 8 bytes one way, the library beside C that makes the same calls.
#
# Guards: that a call of the library is one system call and little else; that looking before sleeping (spin) finds what C's look finds.
# Ignores: priorities, large messages, many senders and receivers. "async" is the event loop, which C has nothing to compare with: it is
# beside C that blocks. Both ends are the library's (or both C): the command has no words for echoing messages.

row_summary="POSIX message queues: round trip and messages a second; beside C"
row_needs="bench"

row_run() {
    mq_compare_trips "two cores" "$CORE_A" block block --target 1.03
    mq_compare_trips "two cores" "$CORE_A" block bodies
    mq_compare_trips "two cores" "$CORE_A" block threads
    mq_compare_trips "two cores" "$CORE_A" spin block --target 0.30
    mq_compare_trips "two cores" "$CORE_A" spin spin
    mq_compare_trips "two cores" "$CORE_A" async block
    mq_compare_trips "one core" "$CORE_B" block block
    mq_compare_trips "one core" "$CORE_B" block threads
    mq_compare_trips "one core" "$CORE_B" bare block
    mq_compare_trips "one core" "$CORE_B" spin block
    mq_compare_trips "one core" "$CORE_B" async block
    mq_compare_rates "two cores" "$CORE_A" block block --target 0.97
    mq_compare_rates "two cores" "$CORE_A" block bodies
    mq_compare_rates "two cores" "$CORE_A" block threads
    mq_compare_rates "two cores" "$CORE_A" bare block
    mq_compare_rates "two cores" "$CORE_A" spin block
    mq_compare_rates "one core" "$CORE_B" block block
    note "C, threads: the same C with a second thread that sleeps. In a process that has more than one thread the kernel counts the users of a descriptor" \
        "with interlocked operations, in every call: that alone costs C 4 % of a round trip on one core and 5 % of the messages a second. A program" \
        "of .NET always has such threads. C, bodies: C that does not ask for the priority of what it receives, which the library always gives: that saves it 30 ns a message. Bare: mq_send and mq_receive called from C#, without the library. The limit of a round trip is its four calls and, where both sides sleep, two wake-ups; spin leaves the wake-ups out."
}

# mq_compare_trips TEXT CORE MODE C-MODE [--target N]
mq_compare_trips() {
    local text=$1 core=$2 mode=$3 c_mode=$4
    shift 4
    compare --work "64 B round trip, $mode, $text" --peer "C, $c_mode" --unit µs --better lower "$@" \
        --begin "mq_begin_trips $core $mode $c_mode" --end mq_end \
        --parley "mq_sample_bench mq-ping $mode $(mq_name parley there) $(mq_name parley back) 2000 200 64" \
        --other "client $CORE_B mq_ping $c_mode $(mq_name c there) $(mq_name c back) 2000 200 64"
}

# mq_compare_rates TEXT CORE MODE C-MODE [--target N]
mq_compare_rates() {
    local text=$1 core=$2 mode=$3 c_mode=$4
    shift 4
    compare --work "8 B one way, $mode, $text" --peer "C, $c_mode" --unit /s --better higher "$@" \
        --begin "mq_begin_rates $core $mode $c_mode" --end mq_end \
        --parley "mq_sample_bench mq-receive $mode $(mq_name parley there) 20000 2000" \
        --other "client $CORE_B mq_receive $c_mode $(mq_name c there) 20000 2000"
}

# mq_name WHO WHICH
mq_name() {
    echo "/parley-perf-$$-$1-$2"
}

mq_queues() {
    local who
    for who in parley c; do
        mq_name "$who" there
        mq_name "$who" back
    done
}

# mq_begin_trips CORE MODE C-MODE
mq_begin_trips() {
    mq_make
    start_server parley "$1" "$BENCH" mq-echo "$2" "$(mq_name parley there)" "$(mq_name parley back)"
    start_server c "$1" "$BIN/mq_echo" "$3" "$(mq_name c there)" "$(mq_name c back)"
}

# mq_begin_rates CORE MODE C-MODE: whoever is not being measured finds its queue full, and sleeps.
mq_begin_rates() {
    mq_make
    start_server parley "$1" "$BENCH" mq-send "$2" "$(mq_name parley there)"
    start_server c "$1" "$BIN/mq_send" "$3" "$(mq_name c there)"
}

mq_make() {
    local queues
    mapfile -t queues < <(mq_queues)
    "$BIN/mq_queue" make "${queues[@]}"
}

mq_end() {
    local queues
    stop_servers
    mapfile -t queues < <(mq_queues)
    "$BIN/mq_queue" remove "${queues[@]}"
}

mq_sample_bench() {
    bench_client "$CORE_B" "$@"
}
