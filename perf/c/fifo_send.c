// fifo_send PATH CHUNK BYTES: writes zeros to a FIFO, CHUNK bytes with each call.
#include "perf.h"
#include <fcntl.h>

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage: fifo_send PATH CHUNK BYTES");
    size_t chunk = (size_t)parse_number(argv[2]);
    unsigned char *buffer = memory_at_line(chunk);
    memset(buffer, 0, chunk);
    int fd = open(argv[1], O_WRONLY);
    if (fd < 0)
        die("open");
    for (long left = parse_number(argv[3]); left > 0;) {
        ssize_t n = write(fd, buffer, (size_t)left < chunk ? (size_t)left : chunk);
        if (n < 0)
            die("write");
        left -= n;
    }
    return 0;
}
