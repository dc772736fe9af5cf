// mq_receive block|threads|spin|bodies NAME COUNT WARMUP: prints how many messages came in a second; each must be the one after the last.
#include "mq.h"

int main(int argc, char **argv)
{
    static unsigned char buffer[MESSAGE_ROOM];
    if (argc != 5)
        die("usage: mq_receive block|threads|spin|bodies NAME COUNT WARMUP");
    struct queue queue = open_queue(argv[1], argv[2], O_RDONLY);
    size_t count = (size_t)parse_number(argv[3]), total = count + (size_t)parse_number(argv[4]);
    uint64_t start = 0, last = 0, number;
    int in_order = 1;
    fail_after(60);
    for (size_t i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        in_order &= receive_from(&queue, buffer) == sizeof number;
        memcpy(&number, buffer, sizeof number);
        in_order &= i == 0 || number == last + 1;
        last = number;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (!in_order)
        die("a message was lost, or came out of turn");
    printf("%.0f\n", (double)count / seconds);
    return 0;
}
