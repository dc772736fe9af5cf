// echo_client ADDRESS:PORT COUNT WARMUP SIZE: sends SIZE bytes and waits until they are back, on one connection with
// TCP_NODELAY, WARMUP times untimed and then COUNT times. Prints microseconds a round trip. Every message is another
// one; what came back is kept and compared after the clock.
#include "perf.h"

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: echo_client ADDRESS:PORT COUNT WARMUP SIZE");
    struct sockaddr_in server = parse_address(argv[1]);
    size_t count = (size_t)parse_number(argv[2]), total = count + (size_t)parse_number(argv[3]);
    size_t size = (size_t)parse_number(argv[4]);
    unsigned char *sent = malloc(total * size), *received = malloc(total * size);
    uint64_t start = 0, random = 88172645463325252u;
    int one = 1;

    if (count == 0 || size == 0 || sent == NULL || received == NULL)
        die("nothing to do, or no memory to do it");
    for (size_t i = 0; i < total * size; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        sent[i] = (unsigned char)random;
        received[i] = (unsigned char)~sent[i];
    }
    fail_after(60);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&server, sizeof server) < 0)
        die("connect");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
        die("TCP_NODELAY");
    for (size_t i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        if (send(fd, sent + i * size, size, MSG_NOSIGNAL) != (ssize_t)size)
            die("send, message %zu", i);
        for (size_t length = 0; length < size;) {
            ssize_t n = recv(fd, received + i * size + length, size - length, 0);
            if (n <= 0)
                die("receive, message %zu", i);
            length += (size_t)n;
        }
    }
    double microseconds = (double)(now_ns() - start) / 1e3;
    close(fd);

    errno = 0;
    for (size_t i = 0; i < total; i++)
        if (memcmp(sent + i * size, received + i * size, size) != 0)
            die("message %zu came back changed", i);
    printf("%.3f\n", microseconds / (double)count);
    return 0;
}
