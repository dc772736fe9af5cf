// unix_ping PATH COUNT WARMUP SIZE: sends SIZE bytes and waits until they are back, with blocking calls, WARMUP times
// untimed and then COUNT times. Prints microseconds a round trip. Every message is another one, compared after the clock.
#include "perf.h"
#include <sys/un.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc != 5 || strlen(argv[1]) >= sizeof address.sun_path)
        die("usage: unix_ping PATH COUNT WARMUP SIZE");
    strcpy(address.sun_path, argv[1]);
    size_t count = (size_t)parse_number(argv[2]), total = count + (size_t)parse_number(argv[3]);
    size_t size = (size_t)parse_number(argv[4]);
    unsigned char *sent = malloc(total * size), *received = malloc(total * size);
    uint64_t start = 0;

    if (count == 0 || size == 0 || sent == NULL || received == NULL)
        die("nothing to do, or no memory to do it");
    for (size_t i = 0; i < total * size; i++) {
        sent[i] = (unsigned char)(i * 2654435761u >> 13);
        received[i] = (unsigned char)~sent[i];
    }
    fail_after(60);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
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
    if (memcmp(sent, received, total * size) != 0)
        die("what came back is not what was sent");
    printf("%.3f\n", microseconds / (double)count);
    return 0;
}
