// connect_client ADDRESS:PORT COUNT WARMUP TEXT: connects, reads to the end, closes, one after the other, WARMUP times
// untimed and then COUNT times. Prints connections a second. What came is kept and compared with TEXT after the clock.
#include "perf.h"

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: connect_client ADDRESS:PORT COUNT WARMUP TEXT");
    struct sockaddr_in server = parse_address(argv[1]);
    unsigned long count = (unsigned long)parse_number(argv[2]);
    unsigned long total = count + (unsigned long)parse_number(argv[3]);
    const char *text = argv[4];
    size_t slot = strlen(text) + 1; // one more, so that a longer reply shows
    char *replies = malloc(total * slot);
    size_t *lengths = malloc(total * sizeof *lengths);
    uint64_t start = 0;

    if (count == 0 || replies == NULL || lengths == NULL)
        die("nothing to do, or no memory to do it");
    memset(replies, 0, total * slot); // the page faults belong before the clock
    memset(lengths, 0, total * sizeof *lengths);
    fail_after(60);
    unsigned long turn = (unsigned long)getpid(); // another first address for each run
    for (unsigned long i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        int fd = connect_rotating(&server, turn + i);
        size_t length = 0;
        for (ssize_t n = 1; n > 0 && length < slot; length += (size_t)n)
            if ((n = read(fd, replies + i * slot + length, slot - length)) < 0)
                die("read, connection %lu", i);
        lengths[i] = length;
        close(fd);
    }
    double seconds = (double)(now_ns() - start) / 1e9;

    errno = 0;
    for (unsigned long i = 0; i < total; i++)
        if (lengths[i] != slot - 1 || memcmp(replies + i * slot, text, slot - 1) != 0)
            die("connection %lu got %zu bytes, which are not '%s'", i, lengths[i], text);
    printf("%.1f\n", (double)count / seconds);
    return 0;
}
