// udp_peer echo: binds a port of the loopback, prints it, and sends each datagram back until it is killed.
// udp_peer send PORT COUNT: sends COUNT datagrams, 0 bytes long, 1, 2 and so on, each byte its length; then one of the largest size.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static char buffer[65536];

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int echo(int fd, struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    if (bind(fd, (struct sockaddr *)address, sizeof *address) < 0 || getsockname(fd, (struct sockaddr *)address, &length) < 0)
        return fail("bind");
    printf("%d\n", ntohs(address->sin_port));
    fflush(stdout);
    for (;;) {
        struct sockaddr_in peer;
        length = sizeof peer;
        ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&peer, &length);
        if (n < 0 || sendto(fd, buffer, (size_t)n, 0, (struct sockaddr *)&peer, length) != n)
            return fail("echo");
    }
}

static int send_to(int fd, const struct sockaddr_in *address, int count)
{
    for (int i = 0; i <= count; i++) {
        size_t size = i < count ? (size_t)i : 65507;
        memset(buffer, i, size);
        if (sendto(fd, buffer, size, 0, (const struct sockaddr *)address, sizeof *address) != (ssize_t)size)
            return fail("sendto");
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return fail("socket");
    if (argc == 2 && strcmp(argv[1], "echo") == 0)
        return echo(fd, &address);
    if (argc != 4)
        return 2;
    address.sin_port = htons((unsigned short)atoi(argv[2]));
    return send_to(fd, &address, atoi(argv[3]));
}
