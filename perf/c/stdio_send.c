// stdio_send ADDRESS:PORT: standard input to a TCP connection with reads and writes of 256 KiB, as a careful C program does it.
#include "perf.h"

enum { CHUNK = 256 * 1024 };

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: stdio_send ADDRESS:PORT");
    struct sockaddr_in server = parse_address(argv[1]);
    unsigned char *buffer = malloc(CHUNK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&server, sizeof server) < 0)
        die("connect");
    for (;;) {
        ssize_t n = read(0, buffer, CHUNK);
        if (n < 0)
            die("read");
        if (n == 0)
            break;
        for (ssize_t sent = 0; sent < n;) {
            ssize_t m = write(fd, buffer + sent, (size_t)(n - sent));
            if (m < 0)
                die("write");
            sent += m;
        }
    }
    shutdown(fd, SHUT_WR);
    return read(fd, buffer, 1) == 0 ? 0 : 1;
}
