// canary CPU CPU: prints the round trip of a flag between two threads, each pinned to one of the two cores, in ns: that
// of the fastest and that of the slowest of five batches.
//
// On a virtual machine two cores may for a while be two threads of one physical core, or belong to somebody else. Both
// change every result by more than what is measured here, and both show at once in this number.
//
// The two threads spin without a pause, on one word: what is measured is the way of one cache line there and back.
#include "perf.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { batches = 5, round_trips = 4000 };
static const unsigned stop = UINT32_MAX;

// On a busy machine the two threads wait for each other's time slices. One look at that is enough.
static const uint64_t patience_ns = 100000000;

// One word that both write: odd is the question, even the answer. Alone on its pair of cache lines.
static _Alignas(128) struct {
    atomic_uint turn;
    char rest[124];
} flag;

static void pin(long cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("cannot pin a thread to core %ld", cpu);
}

static void *answer(void *cpu)
{
    pin(*(long *)cpu);
    for (unsigned i = 1;; i++) {
        unsigned turn;
        while ((turn = atomic_load_explicit(&flag.turn, memory_order_acquire)) != 2 * i - 1)
            if (turn == stop)
                return NULL;
        atomic_store_explicit(&flag.turn, 2 * i, memory_order_release);
    }
}

int main(int argc, char **argv)
{
    double fastest = 1e18, slowest = 0;
    unsigned i = 0;
    pthread_t other;

    if (argc != 3)
        die("usage: canary CPU CPU");
    fail_after(30);
    long here = parse_number(argv[1]), there = parse_number(argv[2]);
    pin(here);
    errno = pthread_create(&other, NULL, answer, &there);
    if (errno != 0)
        die("pthread_create");

    // The first batch only waits until both threads run.
    uint64_t begin = now_ns(), now = begin;
    for (int batch = -1; batch < batches && now - begin < patience_ns; batch++) {
        uint64_t start = now_ns();
        int n = 0;
        while (n < round_trips && now - begin < patience_ns) {
            i++;
            atomic_store_explicit(&flag.turn, 2 * i - 1, memory_order_release);
            while (atomic_load_explicit(&flag.turn, memory_order_acquire) != 2 * i)
                ;
            if (++n % 100 == 0)
                now = now_ns();
        }
        if (batch < 0 && now - begin < patience_ns)
            continue;
        double ns = (double)(now_ns() - start) / n;
        fastest = ns < fastest ? ns : fastest;
        slowest = ns > slowest ? ns : slowest;
    }
    atomic_store_explicit(&flag.turn, stop, memory_order_release);
    pthread_join(other, NULL);
    printf("%.0f %.0f\n", fastest, slowest);
    return 0;
}
