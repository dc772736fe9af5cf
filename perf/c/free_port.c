// free_port: prints a TCP port of 127.0.0.1 that nobody uses now, for a server that can't choose one itself.
#include "perf.h"

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, length) < 0
        || getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        die("no free port");
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    return 0;
}
