# shellcheck shell=bash
# One way through a FIFO, from process to process: the library at both ends beside C at both ends.
#
# Guards: that the library enlarges the pipe and writes it in pieces that leave the reader room to work, whatever its caller's pieces are.
# Ignores: opening. A pipe of a child process is the same thing to the kernel.

row_summary="one way through a FIFO, beside C at 8 and 64 KiB a call"
row_needs="bench"

fifo_bytes=$((1024 * 1024 * 1024))

row_run() {
    fifo_compare "64 KiB a call, two cores" "$CORE_A" 65536 8192 "C, 8 KiB" --target 0.98
    fifo_compare "64 KiB a call, two cores" "$CORE_A" 65536 65536 "C, 64 KiB" --target 1.5
    fifo_compare "8 KiB a call, two cores" "$CORE_A" 8192 8192 "C, 8 KiB"
    fifo_compare "8 KiB a call, one core" "$CORE_B" 8192 8192 "C, 8 KiB"
    fifo_compare "64 KiB a call, one core" "$CORE_B" 65536 65536 "C, 64 KiB"
    note "A pipe copies each byte twice, into a page of the kernel's and out of it; C leaves it at 64 KiB, as programs do. The kernel locks the pipe while a call copies: on two cores 8 KiB a call is best (writer and reader copy side by side, from cache to cache), on one core large calls are. The library makes 8 KiB calls whatever its caller's are, and takes several before it hands out what came. A process of several threads, which any .NET program is, pays for looking up a descriptor in each call: with a second thread that sleeps, C itself loses up to 11 % where it is fastest. Both send from memory that begins with a cache line: the kernel copies 3 % more slowly from what lies 8 or 16 bytes behind one, C's as well."
}

# fifo_compare TEXT CORE CHUNK C-CHUNK PEER-TEXT [--target N]
fifo_compare() {
    local text=$1 core=$2 chunk=$3 peer_chunk=$4 peer_text=$5
    shift 5
    compare --work "one way, $text" --peer "$peer_text" --unit GB/s --better higher --pairs 5 "$@" \
        --begin fifo_begin --end fifo_end \
        --parley "fifo_sample_parley $core $chunk" --other "fifo_sample_c $core $peer_chunk"
}

fifo_begin() {
    mkfifo "$SCRATCH/parley.fifo" "$SCRATCH/c.fifo"
}

fifo_end() {
    rm -f "$SCRATCH/parley.fifo" "$SCRATCH/c.fifo"
}

# fifo_sample_parley CORE CHUNK
fifo_sample_parley() {
    start_server sender "$1" "$BENCH" fifo-send "$SCRATCH/parley.fifo" "$2" "$fifo_bytes"
    bench_client "$CORE_B" fifo-receive "$SCRATCH/parley.fifo" "$fifo_bytes"
    stop_server sender
}

# fifo_sample_c CORE CHUNK
fifo_sample_c() {
    start_server sender "$1" "$BIN/fifo_send" "$SCRATCH/c.fifo" "$2" "$fifo_bytes"
    client "$CORE_B" fifo_receive "$SCRATCH/c.fifo" "$2" "$fifo_bytes"
    stop_server sender
}
