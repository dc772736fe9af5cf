/* A POSIX message queue as C programs use it.
 *   queue create NAME CAPACITY SIZE
 *   queue send NAME PRIORITY      one message: standard input
 *   queue receive NAME COUNT      each message as: priority, length, the bytes in hexadecimal
 *   queue remove NAME
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what) {
    perror(what);
    return 1;
}

static int take(const char *name, long count) {
    mqd_t queue = mq_open(name, O_RDONLY);
    if (queue == (mqd_t)-1)
        return fail("mq_open");
    struct mq_attr attributes;
    mq_getattr(queue, &attributes);
    unsigned char *buffer = malloc((size_t)attributes.mq_msgsize);
    for (long i = 0; i < count; i++) {
        unsigned priority;
        ssize_t length = mq_receive(queue, (char *)buffer, (size_t)attributes.mq_msgsize, &priority);
        if (length < 0)
            return fail("mq_receive");
        printf("%u %zd ", priority, length);
        for (ssize_t j = 0; j < length; j++)
            printf("%02x", buffer[j]);
        printf("\n");
        fflush(stdout);
    }
    return 0;
}

static int put(const char *name, unsigned priority) {
    static char buffer[1 << 20];
    size_t length = fread(buffer, 1, sizeof buffer, stdin);
    mqd_t queue = mq_open(name, O_WRONLY);
    if (queue == (mqd_t)-1)
        return fail("mq_open");
    return mq_send(queue, buffer, length, priority) == 0 ? 0 : fail("mq_send");
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "create") == 0) {
        struct mq_attr attributes = { .mq_maxmsg = atol(argv[3]), .mq_msgsize = atol(argv[4]) };
        return mq_open(argv[2], O_CREAT | O_EXCL | O_RDWR, 0600, &attributes) == (mqd_t)-1 ? fail("mq_open") : 0;
    }
    if (argc == 4 && strcmp(argv[1], "send") == 0)
        return put(argv[2], (unsigned)atol(argv[3]));
    if (argc == 4 && strcmp(argv[1], "receive") == 0)
        return take(argv[2], atol(argv[3]));
    if (argc == 3 && strcmp(argv[1], "remove") == 0)
        return mq_unlink(argv[2]) == 0 ? 0 : fail("mq_unlink");
    return 2;
}
