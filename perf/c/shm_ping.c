// shm_ping MODE CORE OTHER-CORE COUNT WARMUP SIZE: sends SIZE bytes to a process on the other core and waits until they are back, WARMUP times
// untimed and then COUNT times, in whole blocks. Prints microseconds a round trip. A block's messages fit into the first cache, so that the figure is what
// the ring costs and not what memory does; between two blocks the clock stands, and what came back is compared. Each block's messages are others than those
// of the block before.
//   flag        a word that both write, and no message: the fastest that two cores can take turns
//   words       a word each way, and no message: the limit of all that has a place for each direction
//   tail        a ring each way that publishes a tail, with cached indices; never sleeps
//   headers     a ring each way with commit headers; never sleeps
//   fence       the same, may sleep, with a fence after each message
//   membarrier  the same, may sleep, with membarrier by who does
//   futex       the same, sleeps at once: for one core
#include "shm.h"

#define ROOM 4096
#define BLOCK 128u

struct shared {
    struct ring there, back;
    _Alignas(128) _Atomic uint32_t flag;
    _Alignas(128) _Atomic uint32_t answer;
};

static void answer_flag(_Atomic uint32_t *flag, _Atomic uint32_t *answer)
{
    for (uint32_t i = 1;; i += 2) {
        while (atomic_load_explicit(flag, memory_order_acquire) != i)
            ;
        atomic_store_explicit(answer, i + 1, memory_order_release);
    }
}

static void ask_flag(_Atomic uint32_t *flag, _Atomic uint32_t *answer, size_t from)
{
    for (size_t i = from; i < from + BLOCK; i++) {
        atomic_store_explicit(flag, (uint32_t)(2 * i + 1), memory_order_release);
        while (atomic_load_explicit(answer, memory_order_acquire) != (uint32_t)(2 * i + 2))
            ;
    }
}

static size_t blocks(long messages)
{
    return ((size_t)messages + BLOCK - 1) / BLOCK;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        die("usage: shm_ping flag|words|tail|headers|fence|membarrier|futex CORE OTHER-CORE COUNT WARMUP SIZE");
    enum sleeping sleeping = parse_sleeping(argv[1]);
    int by_word = strcmp(argv[1], "words") == 0, by_flag = by_word || strcmp(argv[1], "flag") == 0, by_tail = strcmp(argv[1], "tail") == 0;
    size_t warm_up = blocks(parse_number(argv[5])), total = warm_up + blocks(parse_number(argv[4]));
    size_t size = (size_t)parse_number(argv[6]);
    if (total == warm_up || size == 0 || size > ROOM)
        die("nothing to do, or no room to do it");
    unsigned char *both = memory_at_line(2 * BLOCK * size), *received = memory_at_line(BLOCK * size), buffer[ROOM];
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < 2 * BLOCK * size; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        both[i] = (unsigned char)random;
    }

    struct shared *shared = share(sizeof *shared);
    struct side there = {.ring = &shared->there, .sleeping = sleeping}, back = {.ring = &shared->back, .sleeping = sleeping};
    _Atomic uint32_t *answer = by_word ? &shared->answer : &shared->flag;
    fail_after(60);
    if (fork_to(parse_number(argv[3])) == 0) {
        if (by_flag)
            answer_flag(&shared->flag, answer);
        while (by_tail)
            put_by_tail(&back, buffer, take_by_tail(&there, buffer, sizeof buffer));
        while (1)
            put(&back, buffer, take(&there, buffer, sizeof buffer));
    }
    pin(parse_number(argv[2]));

    uint64_t time = 0;
    for (size_t block = 0; block < total; block++) {
        const unsigned char *sent = both + block % 2 * BLOCK * size;
        uint64_t start = now_ns();
        if (by_flag)
            ask_flag(&shared->flag, answer, block * BLOCK);
        for (size_t at = 0; at < BLOCK * size && !by_flag; at += size) {
            if (by_tail) {
                put_by_tail(&there, sent + at, size);
                take_by_tail(&back, received + at, size);
            } else {
                put(&there, sent + at, size);
                take(&back, received + at, size);
            }
        }
        uint64_t end = now_ns();
        if (block >= warm_up)
            time += end - start;
        errno = 0;
        if (!by_flag && memcmp(sent, received, BLOCK * size) != 0)
            die("a message came back changed");
    }

    printf("%.4f\n", (double)time / 1e3 / (double)((total - warm_up) * BLOCK));
    return 0;
}
