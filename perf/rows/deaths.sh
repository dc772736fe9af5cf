# shellcheck shell=bash
# Shared memory: how long after a kill -9 the other side knows, the slowest but one in a hundred. The peer is C with a Unix socket, whose end is what tells of a
# death here as well: what is beyond that is what the kernel needs to take a larger process apart, and a wake-up.
#
# Guards: the promise of 10 ms, while a side looks and while it sleeps, for messages and for bytes. Ignores: what was published before, which tests
# look at. Nobody is pinned: who dies and who watches run where the kernel puts them.

row_summary="shared memory: from a kill -9 to the failure on the other side; beside the end of a Unix socket in C"
row_needs="bench"

row_run() {
    deaths_compare block "a message awaited, blocked"
    deaths_compare async "a message awaited, async"
    deaths_compare bytes "bytes awaited"
    note "A killed process is no more than a zombie when its peer hears of it: nobody has waited for it."
}

# deaths_compare KIND TEXT
deaths_compare() {
    compare --work "kill -9 to the failure, $2, p99" --peer "C, Unix socket" --unit ms --better lower --limit 10 --no-canary --no-busy \
        --parley "deaths_sample $1" \
        --other "client $CORE_A,$CORE_B death_watch 200"
}

deaths_sample() {
    bench_client "$CORE_A,$CORE_B" deaths "$1" "$SCRATCH/shm.sock" 200
    rm -f "$SCRATCH/shm.sock" "$SCRATCH/shm.sock.lock"
}
