// shm_rate headers|fence|membarrier CORE OTHER-CORE COUNT WARMUP SIZE: a process on the other core sends messages that count up. Prints how many came in
// a second; each must be the one after the last. The modes are those of shm_ping.
#include "shm.h"

#define ROOM 65536

int main(int argc, char **argv)
{
    static unsigned char buffer[ROOM];
    if (argc != 7)
        die("usage: shm_rate headers|fence|membarrier CORE OTHER-CORE COUNT WARMUP SIZE");
    size_t warm_up = (size_t)parse_number(argv[5]), total = warm_up + (size_t)parse_number(argv[4]);
    size_t size = (size_t)parse_number(argv[6]);
    if (size < sizeof(uint64_t) || size > ROOM)
        die("a size is 8 to %d", ROOM);
    struct side side = {.ring = share(sizeof *side.ring), .sleeping = parse_sleeping(argv[1])};
    fail_after(60);
    if (fork_to(parse_number(argv[3])) == 0) {
        for (uint64_t i = 0;; i++) {
            memcpy(buffer, &i, sizeof i);
            put(&side, buffer, size);
        }
    }
    pin(parse_number(argv[2]));
    side.holds_off = 1500; // tried: 20 is slower by a tenth to a third, 150 by up to a seventh

    uint64_t start = 0, number, wrong = 0;
    for (uint64_t i = 0; i < total; i++) {
        if (i == warm_up)
            start = now_ns();
        wrong |= take(&side, buffer, sizeof buffer) ^ size;
        memcpy(&number, buffer, sizeof number);
        wrong |= number ^ i;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (wrong != 0)
        die("a message was lost, or came out of turn");
    printf("%.0f\n", (double)(total - warm_up) / seconds);
    return 0;
}
