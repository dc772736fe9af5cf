// fifo_receive PATH CHUNK BYTES: reads a FIFO to its end, CHUNK bytes with each call; prints how many GB came in a second.
#include "perf.h"
#include <fcntl.h>

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage: fifo_receive PATH CHUNK BYTES");
    size_t chunk = (size_t)parse_number(argv[2]);
    unsigned char *buffer = memory_at_line(chunk);
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0)
        die("open");
    long total = 0;
    uint64_t start = 0;
    for (;;) {
        ssize_t n = read(fd, buffer, chunk);
        if (n < 0)
            die("read");
        if (start == 0)
            start = now_ns();
        if (n == 0)
            break;
        total += n;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (total != parse_number(argv[3]))
        die("%ld bytes came instead of %s", total, argv[3]);
    printf("%.4f\n", (double)total / 1e9 / seconds);
    return 0;
}
