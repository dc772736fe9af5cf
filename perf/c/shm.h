// Rings of messages in memory that two processes share, as fast as C can make them: what the library is compared with. A child process
// is the other side; parent and child are each pinned to a core.
#pragma once
#include "perf.h"
#include <immintrin.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define RING_SIZE (1u << 20)
#define RECORD 64u
#define GIVE_BACK_AT (RING_SIZE / 8)

// How a side lets the other know that it sleeps: not at all, with a fence after each message, or with membarrier by the one that sleeps.
enum sleeping { NEVER, FENCE, MEMBARRIER, AT_ONCE };

// Words that one side writes are 128 bytes from those of the other: processors fetch lines in pairs.
struct ring {
    _Alignas(128) _Atomic uint64_t tail;
    _Alignas(128) _Atomic uint64_t head;
    _Alignas(128) _Atomic uint32_t reader_sleeps;
    _Alignas(128) _Atomic uint32_t writer_sleeps;
    _Alignas(128) unsigned char bytes[RING_SIZE + RING_SIZE / 2]; // a record may go on behind the end
};

// What only one side needs.
struct side {
    struct ring *ring;
    uint64_t position;
    uint64_t seen;  // of the other's word
    uint64_t given; // the head that was stored last
    int holds_off;  // pauses before a reader that has come too early looks again: in a stream several at a time go faster
    enum sleeping sleeping;
};

static void pin(long core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("cannot pin to core %ld", core);
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        die("mmap");
    return memory;
}

// The child ends with its parent, however that ends.
static pid_t fork_to(long core)
{
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(core);
    }
    return child;
}

__attribute__((unused)) static enum sleeping parse_sleeping(const char *mode)
{
    enum sleeping sleeping = strcmp(mode, "fence") == 0 ? FENCE : strcmp(mode, "membarrier") == 0 ? MEMBARRIER : strcmp(mode, "futex") == 0 ? AT_ONCE : NEVER;
    if (sleeping == MEMBARRIER && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) < 0)
        die("membarrier");
    return sleeping;
}

__attribute__((noinline, unused)) static void wake(_Atomic uint32_t *word)
{
    if (atomic_exchange(word, 0) != 0)
        syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

// After a store that the other may be waiting for.
static inline void wake_sleeper(const struct side *side, _Atomic uint32_t *word)
{
    if (side->sleeping == NEVER)
        return;
    if (side->sleeping != MEMBARRIER)
        atomic_thread_fence(memory_order_seq_cst);
    else
        atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(word, memory_order_relaxed) != 0)
        wake(word);
}

// Waits until a word is no longer what it was: 50 pauses, 20 yields, then asleep, as far as the side sleeps at all.
__attribute__((noinline, unused)) static void wait_for_change(const struct side *side, const _Atomic uint64_t *word, uint64_t seen, _Atomic uint32_t *sleeps)
{
    for (int i = 0; i < side->holds_off; i++)
        _mm_pause();
    for (int i = 0; side->sleeping == NEVER || (side->sleeping != AT_ONCE && i < 50); i++) {
        if (atomic_load_explicit(word, memory_order_acquire) != seen)
            return;
        if (side->sleeping != NEVER)
            _mm_pause();
    }
    for (int i = 0; side->sleeping != AT_ONCE && i < 20; i++) {
        sched_yield();
        if (atomic_load_explicit(word, memory_order_acquire) != seen)
            return;
    }
    while (atomic_load_explicit(word, memory_order_acquire) == seen) {
        atomic_store_explicit(sleeps, 1, memory_order_relaxed);
        if (side->sleeping == MEMBARRIER)
            syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
        else
            atomic_thread_fence(memory_order_seq_cst);
        if (atomic_load_explicit(word, memory_order_acquire) != seen) {
            atomic_exchange(sleeps, 0);
            return;
        }
        syscall(SYS_futex, sleeps, FUTEX_WAIT, 1, NULL, NULL, 0);
    }
}

// The ring with commit headers: a record's first word says that it is there, and how long it is.

static inline _Atomic uint64_t *record_at(const struct side *side, uint64_t position)
{
    return (_Atomic uint64_t *)(side->ring->bytes + (position & (RING_SIZE - 1)));
}

static inline uint64_t record_size(size_t size)
{
    return (size + 8 + RECORD - 1) & ~(uint64_t)(RECORD - 1);
}

__attribute__((noinline, unused)) static void wait_for_room(struct side *side, uint64_t end)
{
    while (end > (side->seen = atomic_load_explicit(&side->ring->head, memory_order_acquire)) + RING_SIZE - RECORD)
        wait_for_change(side, &side->ring->head, side->seen, &side->ring->writer_sleeps);
}

// By loads of 8 bytes, where it fits into a line: what was stored a moment ago is still on its way to the cache, behind the stores to the ring, and a
// wider load would wait until it has arrived.
static inline void copy_in(void *to, const unsigned char *from, size_t size)
{
    if (size < 16 || size > 64) {
        memcpy(to, from, size);
        return;
    }
#define HALVES(at) _mm_castpd_si128(_mm_loadh_pd(_mm_load_sd((const double *)(const void *)(from + (at))), (const double *)(const void *)(from + (at) + 8)))
#define STORE(at, part) _mm_storeu_si128((__m128i *)(void *)((unsigned char *)to + (at)), part)
    __m128i first = HALVES(0), last = HALVES(size - 16);
    if (size > 32) {
        __m128i second = HALVES(16), third = HALVES(size - 32);
        STORE(16, second);
        STORE(size - 32, third);
    }
    STORE(0, first);
    STORE(size - 16, last);
#undef HALVES
#undef STORE
}

__attribute__((unused)) static inline void put(struct side *side, const void *message, size_t size)
{
    uint64_t next = side->position + record_size(size);
    _Atomic uint64_t *record = record_at(side, side->position);
    if (next > side->seen + RING_SIZE - RECORD)
        wait_for_room(side, next);
    atomic_store_explicit(record_at(side, next), 0, memory_order_relaxed);
    copy_in((unsigned char *)record + 8, message, size);
    atomic_store_explicit(record, size << 1 | 1, memory_order_release);
    side->position = next;
    wake_sleeper(side, &side->ring->reader_sleeps);
}

__attribute__((noinline, unused)) static void give_back(struct side *side)
{
    side->given = side->position;
    atomic_store_explicit(&side->ring->head, side->position, memory_order_release);
    wake_sleeper(side, &side->ring->writer_sleeps);
}

__attribute__((unused)) static inline size_t take(struct side *side, void *buffer, size_t room)
{
    _Atomic uint64_t *record = record_at(side, side->position);
    uint64_t header = atomic_load_explicit(record, memory_order_acquire);
    if (header == 0) {
        if (side->sleeping == AT_ONCE && side->given != side->position)
            give_back(side);
        do
            wait_for_change(side, record, 0, &side->ring->reader_sleeps);
        while ((header = atomic_load_explicit(record, memory_order_acquire)) == 0);
    }
    size_t size = header >> 1;
    if (size > room)
        die("a message is too long");
    memcpy(buffer, record + 1, size);
    side->position += record_size(size);
    if (side->position - side->given >= GIVE_BACK_AT)
        give_back(side);
    return size;
}

// The ring whose writer publishes a tail, each side with a copy of the other's word.

__attribute__((unused)) static inline void put_by_tail(struct side *side, const void *message, size_t size)
{
    uint64_t next = side->position + record_size(size);
    if (next > side->seen + RING_SIZE)
        while (next > (side->seen = atomic_load_explicit(&side->ring->head, memory_order_acquire)) + RING_SIZE)
            ;
    _Atomic uint64_t *record = record_at(side, side->position);
    atomic_store_explicit(record, size, memory_order_relaxed);
    memcpy(record + 1, message, size);
    side->position = next;
    atomic_store_explicit(&side->ring->tail, next, memory_order_release);
}

__attribute__((unused)) static inline size_t take_by_tail(struct side *side, void *buffer, size_t room)
{
    while (side->seen == side->position)
        side->seen = atomic_load_explicit(&side->ring->tail, memory_order_acquire);
    _Atomic uint64_t *record = record_at(side, side->position);
    size_t size = atomic_load_explicit(record, memory_order_relaxed);
    if (size > room)
        die("a message is too long");
    memcpy(buffer, record + 1, size);
    side->position += record_size(size);
    if (side->position - side->given >= GIVE_BACK_AT) {
        side->given = side->position;
        atomic_store_explicit(&side->ring->head, side->position, memory_order_release);
    }
    return size;
}
