// stdio_receive ADDRESS:PORT: accepts one client and writes what it says to standard output, with reads and writes of 256 KiB.
#include "perf.h"

enum { CHUNK = 256 * 1024 };

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: stdio_receive ADDRESS:PORT");
    struct sockaddr_in address = parse_address(argv[1]);
    unsigned char *buffer = malloc(CHUNK);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        die("socket");
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0)
        die("listen");
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        die("accept");
    for (;;) {
        ssize_t n = read(fd, buffer, CHUNK);
        if (n < 0)
            die("read");
        if (n == 0)
            return 0;
        for (ssize_t written = 0; written < n;) {
            ssize_t m = write(1, buffer + written, (size_t)(n - written));
            if (m < 0)
                die("write");
            written += m;
        }
    }
}
