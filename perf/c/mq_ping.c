// mq_ping block|threads|spin|bodies TO FROM COUNT WARMUP SIZE: sends SIZE bytes and waits until they are back, WARMUP times untimed and then COUNT
// times. Prints microseconds a round trip. What came back is compared after the clock.
#include "mq.h"

int main(int argc, char **argv)
{
    static unsigned char buffer[MESSAGE_ROOM];
    if (argc != 7)
        die("usage: mq_ping block|threads|spin|bodies TO FROM COUNT WARMUP SIZE");
    struct queue to = open_queue(argv[1], argv[2], O_WRONLY), from = open_queue(argv[1], argv[3], O_RDONLY);
    size_t count = (size_t)parse_number(argv[4]), total = count + (size_t)parse_number(argv[5]);
    size_t size = (size_t)parse_number(argv[6]);
    unsigned char *sent = malloc(total * size), *received = malloc(total * size);
    uint64_t start = 0, random = 88172645463325252u;
    if (count == 0 || size == 0 || size > MESSAGE_ROOM || sent == NULL || received == NULL)
        die("nothing to do, or no memory to do it");
    for (size_t i = 0; i < total * size; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        sent[i] = (unsigned char)random;
        received[i] = (unsigned char)~sent[i];
    }
    fail_after(60);
    for (size_t i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        send_to(&to, sent + i * size, size);
        if (receive_from(&from, buffer) != size)
            die("message %zu came back with another length", i);
        memcpy(received + i * size, buffer, size);
    }
    double microseconds = (double)(now_ns() - start) / 1e3;
    errno = 0;
    if (memcmp(sent, received, total * size) != 0)
        die("a message came back changed");
    printf("%.3f\n", microseconds / (double)count);
    return 0;
}
