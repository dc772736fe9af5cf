// udp_client ping|flow|segments|fetch ADDRESS:PORT COUNT WARMUP SIZE: loads a server of the same protocol as udp_server.
// ping: SIZE bytes there and back, COUNT times; prints microseconds a round trip. flow: sends COUNT windows of messages, each
// when the one before it is acknowledged; segments: the same, as few datagrams that the kernel takes apart (UDP_SEGMENT), so
// that the client is faster than any server; fetch: asks for COUNT windows. All three print messages a second. It moves a
// window with as few system calls as it can, so that what is measured is the server. Numbers are checked after the clock.
#define _GNU_SOURCE
#include "udp.h"
#include <netinet/udp.h>

enum { SEGMENTS = 50 }; // at once: UDP_SEGMENT takes 64

static unsigned char buffers[WINDOW][LARGEST];
static struct iovec parts[WINDOW];
static struct mmsghdr messages[WINDOW];

static void send_one(int fd, uint64_t number, size_t size)
{
    struct message *message = (struct message *)buffers[0];
    message->number = number;
    message->size = (uint32_t)size;
    if (send(fd, message, size, 0) != (ssize_t)size)
        die("send, message %lu", (unsigned long)number);
}

static void receive_one(int fd, size_t size)
{
    ssize_t n = recv(fd, buffers[0], LARGEST, 0);
    if (n != (ssize_t)size)
        die("recv: %zd bytes instead of %zu", n, size);
}

static uint64_t ping(int fd, uint64_t turn, size_t size)
{
    send_one(fd, turn, size);
    receive_one(fd, size);
    return ((struct message *)buffers[0])->number != turn;
}

static uint64_t number_window(uint64_t turn, size_t size)
{
    uint64_t sum = 0;
    for (int i = 0; i < WINDOW; i++) {
        ((struct message *)buffers[i])->number = turn * WINDOW + (uint64_t)i;
        parts[i].iov_len = size;
        sum += turn * WINDOW + (uint64_t)i;
    }
    return sum;
}

static uint64_t segments(int fd, uint64_t turn, size_t size)
{
    uint64_t sum = number_window(turn, size);
    for (int sent = 0; sent < WINDOW; sent += SEGMENTS) {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
        struct msghdr together = {
            .msg_iov = parts + sent, .msg_iovlen = SEGMENTS, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *header = CMSG_FIRSTHDR(&together);
        uint16_t each = (uint16_t)size;
        *header = (struct cmsghdr){.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof each)};
        memcpy(CMSG_DATA(header), &each, sizeof each);
        if (sendmsg(fd, &together, 0) != (ssize_t)(SEGMENTS * size))
            die("sendmsg with UDP_SEGMENT");
    }
    receive_one(fd, sizeof(struct message));
    return ((struct message *)buffers[0])->number != sum;
}

static uint64_t flow(int fd, uint64_t turn, size_t size)
{
    uint64_t sum = number_window(turn, size);
    for (int sent = 0; sent < WINDOW;) {
        int n = sendmmsg(fd, messages + sent, (unsigned)(WINDOW - sent), 0);
        if (n <= 0)
            die("sendmmsg");
        sent += n;
    }
    receive_one(fd, sizeof(struct message));
    return ((struct message *)buffers[0])->number != sum;
}

static uint64_t fetch(int fd, uint64_t turn, size_t size)
{
    static uint64_t next;
    uint64_t wrong = 0;
    struct message ask = {.number = turn, .size = (uint32_t)size};
    if (send(fd, &ask, sizeof ask, 0) != sizeof ask)
        die("send");
    for (int received = 0; received < WINDOW;) {
        for (int i = 0; i < WINDOW; i++)
            parts[i].iov_len = LARGEST;
        int n = recvmmsg(fd, messages, (unsigned)(WINDOW - received), MSG_WAITFORONE, NULL);
        if (n <= 0)
            die("recvmmsg");
        for (int i = 0; i < n; i++) {
            struct message *message = (struct message *)buffers[i];
            if (turn == 0 && received == 0 && i == 0)
                next = message->number; // the server counts through all its clients
            wrong += message->number != next++ || messages[i].msg_len != size;
        }
        received += n;
    }
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        die("usage: udp_client ping|flow|segments|fetch ADDRESS:PORT COUNT WARMUP SIZE");
    char kind = argv[1][0] == 'f' ? argv[1][1] : argv[1][0]; // Ping, fLow, Segments, fEtch
    uint64_t (*turn)(int, uint64_t, size_t) = kind == 'p' ? ping : kind == 'l' ? flow : kind == 's' ? segments : fetch;
    struct sockaddr_in server = parse_address(argv[2]);
    size_t count = (size_t)parse_number(argv[3]), total = count + (size_t)parse_number(argv[4]);
    size_t size = (size_t)parse_number(argv[5]);
    uint64_t wrong = 0, start = 0;
    int fd = udp_socket();

    if (count == 0 || size < sizeof(struct message) || size > LARGEST)
        die("nothing to do, or not with that size");
    for (int i = 0; i < WINDOW; i++) {
        parts[i] = (struct iovec){.iov_base = buffers[i], .iov_len = LARGEST};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = parts + i, .msg_iovlen = 1};
    }
    fail_after(60); // a datagram that was lost after all
    if (connect(fd, (const struct sockaddr *)&server, sizeof server) < 0)
        die("connect");
    for (size_t i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        wrong += turn(fd, i, size);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (wrong != 0)
        die("%lu messages are not what was sent", (unsigned long)wrong);
    if (turn == ping)
        printf("%.3f\n", seconds / (double)count * 1e6);
    else
        printf("%.0f\n", (double)count * WINDOW / seconds);
    return 0;
}
