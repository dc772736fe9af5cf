/* What a plain C program does with a queue that the tests' own process has open.
   mq send NAME PREFIX COUNT           "PREFIX-0", "PREFIX-1" ..., waiting for room
   mq priorities NAME                  1 to 5 bytes 'x' with priorities 0 7 3 32767 0
   mq receive NAME COUNT               prints "PRIORITY LENGTH TEXT", waiting; COUNT 0: until a message "stop"
   mq echo FROM TO COUNT               sends each back with its priority
   mq fill NAME                        O_NONBLOCK: sends until EAGAIN, prints how many
   mq drain NAME                       O_NONBLOCK: receives until EAGAIN, prints how many
   mq limit NAME CAPACITY SIZE BYTES   makes a queue with RLIMIT_MSGQUEUE of BYTES, removes it, prints "made" or errno's number */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static mqd_t open_queue(const char *name, int flags)
{
    mqd_t queue = mq_open(name, flags);
    if (queue == (mqd_t)-1)
        fail(name);
    return queue;
}

static char *buffer_for(mqd_t queue, size_t *size)
{
    struct mq_attr attributes;
    if (mq_getattr(queue, &attributes) < 0)
        fail("mq_getattr");
    *size = (size_t)attributes.mq_msgsize;
    return malloc(*size);
}

int main(int argc, char *argv[])
{
    size_t size;
    unsigned priority;
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "send") == 0)
    {
        mqd_t queue = open_queue(argv[2], O_WRONLY);
        for (int i = 0; i < atoi(argv[4]); i++)
        {
            char text[64];
            int length = snprintf(text, sizeof text, "%s-%d", argv[3], i);
            if (mq_send(queue, text, (size_t)length, 0) < 0)
                fail("mq_send");
        }
    }
    else if (strcmp(argv[1], "priorities") == 0)
    {
        static const unsigned priorities[] = {0, 7, 3, 32767, 0};
        mqd_t queue = open_queue(argv[2], O_WRONLY);
        for (size_t i = 0; i < 5; i++)
            if (mq_send(queue, "xxxxx", i + 1, priorities[i]) < 0)
                fail("mq_send");
    }
    else if (strcmp(argv[1], "receive") == 0)
    {
        mqd_t queue = open_queue(argv[2], O_RDONLY);
        char *buffer = buffer_for(queue, &size);
        for (int left = atoi(argv[3]), endless = left == 0; endless || left > 0; left--)
        {
            ssize_t length = mq_receive(queue, buffer, size, &priority);
            if (length < 0)
                fail("mq_receive");
            if (length == 4 && memcmp(buffer, "stop", 4) == 0)
                break;
            printf("%u %zd %.*s\n", priority, length, (int)length, buffer);
        }
    }
    else if (strcmp(argv[1], "echo") == 0)
    {
        mqd_t from = open_queue(argv[2], O_RDONLY), to = open_queue(argv[3], O_WRONLY);
        char *buffer = buffer_for(from, &size);
        for (int left = atoi(argv[4]); left > 0; left--)
        {
            ssize_t length = mq_receive(from, buffer, size, &priority);
            if (length < 0 || mq_send(to, buffer, (size_t)length, priority) < 0)
                fail("echo");
        }
    }
    else if (strcmp(argv[1], "fill") == 0 || strcmp(argv[1], "drain") == 0)
    {
        int fills = argv[1][0] == 'f', count = 0;
        mqd_t queue = open_queue(argv[2], O_RDWR | O_NONBLOCK);
        char *buffer = buffer_for(queue, &size);
        while ((fills ? mq_send(queue, "full", 4, 0) : mq_receive(queue, buffer, size, NULL)) >= 0)
            count++;
        if (errno != EAGAIN)
            fail(argv[1]);
        printf("%d\n", count);
    }
    else if (strcmp(argv[1], "limit") == 0)
    {
        struct mq_attr attributes = {.mq_maxmsg = atoi(argv[3]), .mq_msgsize = atoi(argv[4])};
        struct rlimit limit = {(rlim_t)atol(argv[5]), (rlim_t)atol(argv[5])};
        if (setrlimit(RLIMIT_MSGQUEUE, &limit) < 0)
            fail("setrlimit");
        mqd_t queue = mq_open(argv[2], O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
        if (queue == (mqd_t)-1)
            printf("%d\n", errno);
        else
            puts("made");
        mq_unlink(argv[2]);
    }
    else
        return 2;
    return 0;
}
