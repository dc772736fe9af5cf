// canary CPU CPU: prints the round trip of a flag between two threads, each pinned to one of the two cores, in ns: that
// of the fastest and that of the slowest of five batches; and how long additions take on both at once, in percent of what they take on one.
//
// On a virtual machine two cores may for a while be two threads of one physical core, or belong to somebody else. Both
// change every result by more than what is measured here, and both show at once in these numbers: two threads of one core take
// nearly twice as long for what fills its adders, two cores of any distance take as long as one.
//
// The two threads spin without a pause, on one word: what is measured is the way of one cache line there and back.
#include "perf.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { batches = 5, round_trips = 4000, tries = 5, additions = 15000 };
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

// What the other thread does once the flag is at rest: nothing, then additions until it is to end.
static atomic_int to_add, is_adding, to_end;

// Six chains that wait for nothing but themselves, more than a core has adders for.
static uint64_t add(void)
{
    uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, start = now_ns();
    for (int i = 0; i < additions; i++) {
        for (int j = 0; j < 16; j++) {
            a++, b++, c++, d++, e++, f++;
            __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
        }
    }
    return now_ns() - start;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t median_of_adding(void)
{
    uint64_t times[tries];
    for (int i = 0; i < tries; i++)
        times[i] = add();
    qsort(times, tries, sizeof *times, compare_times);
    return times[tries / 2];
}

static void *answer(void *cpu)
{
    pin(*(long *)cpu);
    unsigned turn = 0;
    for (unsigned i = 1; turn != stop; i++) {
        while ((turn = atomic_load_explicit(&flag.turn, memory_order_acquire)) != 2 * i - 1 && turn != stop)
            ;
        if (turn != stop)
            atomic_store_explicit(&flag.turn, 2 * i, memory_order_release);
    }
    while (!atomic_load(&to_add))
        usleep(50); // a thread that spins takes its share of a core
    while (!atomic_load(&to_end)) {
        add();
        atomic_store(&is_adding, 1);
    }
    return NULL;
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
    uint64_t alone = median_of_adding();
    atomic_store(&to_add, 1);
    while (!atomic_load(&is_adding))
        ;
    uint64_t together = median_of_adding();
    atomic_store(&to_end, 1);
    pthread_join(other, NULL);
    printf("%.0f %.0f %.0f\n", fastest, slowest, 100.0 * (double)together / (double)alone);
    return 0;
}
