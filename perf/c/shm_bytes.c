// shm_bytes CORE OTHER-CORE CHUNK BYTES: a process on the other core writes bytes into a ring in shared memory, CHUNK with each copy; this one reads one
// word of each line where it is. Either may sleep. Prints how many GB came in a second.
#include "perf.h"
#include <immintrin.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// The size of the library's: with half of it the writer takes its lines from the reader's own cache, three times as slowly.
#define RING_SIZE (2u << 20)

// Words that one side writes are 128 bytes from those of the other: processors fetch lines in pairs.
struct control {
    _Alignas(128) _Atomic uint64_t tail;
    _Alignas(128) _Atomic uint64_t head;
    _Alignas(128) _Atomic uint32_t reader_sleeps;
    _Alignas(128) _Atomic uint32_t writer_sleeps;
};

static void pin(long core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("cannot pin to core %ld", core);
}

// Mapped twice, back to back: whatever begins in the ring is contiguous.
static unsigned char *map_twice(int memory)
{
    unsigned char *bytes = mmap(NULL, 2 * (size_t)RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 2 && bytes != MAP_FAILED; i++) {
        if (mmap(bytes + i * (size_t)RING_SIZE, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, memory, 0) == MAP_FAILED)
            die("mmap");
    }
    if (bytes == MAP_FAILED)
        die("mmap");
    return bytes;
}

static void wake_sleeper(_Atomic uint32_t *word)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(word, memory_order_relaxed) != 0 && atomic_exchange(word, 0) != 0)
        syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

// Waits until a word is no longer what it was: 50 pauses, 20 yields, then asleep.
static uint64_t await_change(const _Atomic uint64_t *word, uint64_t seen, _Atomic uint32_t *sleeps)
{
    uint64_t now;
    for (int i = 0; (now = atomic_load_explicit(word, memory_order_acquire)) == seen; i++) {
        if (i < 50) {
            _mm_pause();
        } else if (i < 70) {
            sched_yield();
        } else {
            atomic_store(sleeps, 1);
            atomic_thread_fence(memory_order_seq_cst);
            if (atomic_load_explicit(word, memory_order_acquire) == seen)
                syscall(SYS_futex, sleeps, FUTEX_WAIT, 1, NULL, NULL, 0);
            atomic_exchange(sleeps, 0);
        }
    }
    return now;
}

static void write_all(struct control *control, unsigned char *ring, size_t chunk, uint64_t total)
{
    unsigned char *bytes = calloc(1, chunk);
    uint64_t head = 0;
    for (uint64_t tail = 0; tail < total;) {
        size_t left = chunk < total - tail ? chunk : (size_t)(total - tail);
        for (size_t put = 0; put < left;) {
            uint64_t room = RING_SIZE - (tail - head);
            if (room < left - put)
                room = RING_SIZE - (tail - (head = atomic_load_explicit(&control->head, memory_order_acquire)));
            if (room == 0) {
                head = await_change(&control->head, head, &control->writer_sleeps);
                continue;
            }
            size_t piece = room < left - put ? (size_t)room : left - put;
            memcpy(ring + (tail & (RING_SIZE - 1)), bytes + put, piece);
            put += piece;
            tail += piece;
            atomic_store_explicit(&control->tail, tail, memory_order_release);
            wake_sleeper(&control->reader_sleeps);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: shm_bytes CORE OTHER-CORE CHUNK BYTES");
    size_t chunk = (size_t)parse_number(argv[3]);
    uint64_t total = (uint64_t)parse_number(argv[4]);
    int memory = memfd_create("shm_bytes", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, RING_SIZE) < 0)
        die("memfd");
    struct control *control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (control == MAP_FAILED)
        die("mmap");
    unsigned char *ring = map_twice(memory);
    fail_after(60);
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(parse_number(argv[2]));
        write_all(control, ring, chunk, total);
        return 0;
    }
    pin(parse_number(argv[1]));

    uint64_t start = 0, tail = 0, sum = 0;
    for (uint64_t head = 0; head < total;) {
        tail = await_change(&control->tail, head, &control->reader_sleeps);
        if (start == 0)
            start = now_ns();
        for (const unsigned char *at = ring + (head & (RING_SIZE - 1)), *end = at + (tail - head); at < end; at += 64)
            sum += *at;
        head = tail;
        atomic_store_explicit(&control->head, head, memory_order_release);
        wake_sleeper(&control->writer_sleeps);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (sum != 0)
        die("what came is not what was sent");
    printf("%.4f\n", (double)total / 1e9 / seconds);
    return 0;
}
