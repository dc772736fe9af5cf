// What the programs on message queues share.
#pragma once
#include "perf.h"
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>

#define MESSAGE_ROOM 8192

// spin: look again and again for 50 us with O_NONBLOCK before each wait, as a program written for speed does; block: do not. threads: block, in a process
// that has a second thread, which sleeps all the time: the kernel must then count, with interlocked operations, who uses a descriptor in each call. All of
// them ask for the priority of what they receive, as the library does; bodies: block, and do not.
struct queue {
    mqd_t blocking, looking;
    int spins, asks_for_bodies_only;
};

static void *sleep_for_ever(void *unused)
{
    pause();
    return unused;
}

// Once a process.
static void start_thread(void)
{
    static pthread_t thread;
    if (thread == 0 && (errno = pthread_create(&thread, NULL, sleep_for_ever, NULL)) != 0)
        die("pthread_create");
}

__attribute__((unused)) static struct queue open_queue(const char *mode, const char *name, int access)
{
    if (strcmp(mode, "threads") == 0)
        start_thread();
    struct queue queue = {mq_open(name, access), mq_open(name, access | O_NONBLOCK), strcmp(mode, "spin") == 0, strcmp(mode, "bodies") == 0};
    if (queue.blocking < 0 || queue.looking < 0)
        die("mq_open %s", name);
    return queue;
}

__attribute__((unused)) static void send_to(const struct queue *queue, const void *message, size_t size)
{
    if (mq_send(queue->blocking, message, size, 0) < 0)
        die("mq_send");
}

__attribute__((unused)) static size_t receive_from(const struct queue *queue, void *buffer)
{
    ssize_t length;
    unsigned int its_priority;
    unsigned int *priority = queue->asks_for_bodies_only ? NULL : &its_priority;
    if (queue->spins) {
        uint64_t end = 0;
        do {
            length = mq_receive(queue->looking, buffer, MESSAGE_ROOM, priority);
            if (length >= 0)
                return (size_t)length;
            if (errno != EAGAIN)
                die("mq_receive");
            if (end == 0)
                end = now_ns() + 50000;
        } while (now_ns() < end);
    }
    length = mq_receive(queue->blocking, buffer, MESSAGE_ROOM, priority);
    if (length < 0)
        die("mq_receive");
    return (size_t)length;
}
