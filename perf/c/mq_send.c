// mq_send block|threads|spin|bodies NAME: sends messages of 8 bytes that count up, until it is ended.
#include "mq.h"

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: mq_send block|threads|spin|bodies NAME");
    struct queue queue = open_queue(argv[1], argv[2], O_WRONLY);
    for (uint64_t i = 0;; i++)
        send_to(&queue, &i, sizeof i);
}
