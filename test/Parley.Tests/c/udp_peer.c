// udp_peer echo: binds a port of the loopback, prints it, and sends each datagram back until it is killed.
// udp_peer send PORT COUNT: sends COUNT datagrams, 0 bytes long, 1, 2 and so on, each byte its length; then one of the largest size.
// udp_peer together PORT COUNT: sends COUNT datagrams of 100 bytes and one of 10 with one call, which the kernel takes apart; each byte
// is its datagram's number.
// udp_peer receive COUNT: binds a port of the loopback, prints it, and prints the length of each of COUNT datagrams and its first byte.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
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

static int bind_and_tell(int fd, struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    if (bind(fd, (struct sockaddr *)address, sizeof *address) < 0 || getsockname(fd, (struct sockaddr *)address, &length) < 0)
        return fail("bind");
    printf("%d\n", ntohs(address->sin_port));
    return fflush(stdout);
}

static int echo(int fd, struct sockaddr_in *address)
{
    if (bind_and_tell(fd, address) != 0)
        return 1;
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
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

static int send_together(int fd, const struct sockaddr_in *address, int count)
{
    const uint16_t each = 100, last = 10;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof each)] = {0};
    struct iovec part = {.iov_base = buffer, .iov_len = (size_t)(count * each + last)};
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = sizeof *address, .msg_iov = &part, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof each);
    memcpy(CMSG_DATA(header), &each, sizeof each);
    for (int i = 0; i <= count; i++)
        memset(buffer + i * each, i, i < count ? each : last);
    return sendmsg(fd, &message, 0) == (ssize_t)part.iov_len ? 0 : fail("sendmsg");
}

static int receive(int fd, struct sockaddr_in *address, int count)
{
    if (bind_and_tell(fd, address) != 0)
        return 1;
    for (int i = 0; i < count; i++) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n < 0)
            return fail("recv");
        printf("%zd %d\n", n, n > 0 ? (unsigned char)buffer[0] : -1);
    }
    return fflush(stdout);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return fail("socket");
    if (argc == 2 && strcmp(argv[1], "echo") == 0)
        return echo(fd, &address);
    if (argc == 3 && strcmp(argv[1], "receive") == 0)
        return receive(fd, &address, atoi(argv[2]));
    if (argc != 4)
        return 2;
    address.sin_port = htons((unsigned short)atoi(argv[2]));
    return (strcmp(argv[1], "together") == 0 ? send_together : send_to)(fd, &address, atoi(argv[3]));
}
