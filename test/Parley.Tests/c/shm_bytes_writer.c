// shm_bytes_writer PATH BYTES SEED: a client of docs/shared-memory-protocol.md that only writes: BYTES bytes of 64-bit numbers that count up, in pieces of any
// size, and then half-closes and waits for the server's end. Before each piece it says on standard output how much is published.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t number_at(const unsigned char *bytes, int offset)
{
    uint64_t value;
    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

static int receive_welcome(int fd, unsigned char *welcome)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {.iov_base = welcome, .iov_len = 64};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) != 64 || CMSG_FIRSTHDR(&message) == NULL)
        die("welcome");
    int memory;
    memcpy(&memory, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof memory);
    return memory;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage: shm_bytes_writer PATH BYTES SEED");
    uint64_t total = strtoull(argv[2], NULL, 10);
    srand((unsigned)atoi(argv[3]));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    unsigned char hello[64] = "PARLEYSM\1\0\1", welcome[64], ready[16] = "PARLEYOK";
    if (send(fd, hello, sizeof hello, 0) != sizeof hello)
        die("hello");
    int memory = receive_welcome(fd, welcome);
    struct stat status;
    if (number_at(welcome, 16) != 0 || fstat(memory, &status) < 0 || (uint64_t)status.st_size != number_at(welcome, 24))
        die("not welcome");
    unsigned char *segment = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (segment == MAP_FAILED || send(fd, ready, sizeof ready, 0) != sizeof ready)
        die("ready");

    unsigned char *ring = segment + number_at(welcome, 32);
    uint64_t capacity = number_at(welcome, 48), tail = 0;
    _Atomic uint64_t *shared_tail = (void *)(segment + 1024), *head = (void *)(segment + 1024 + 128);
    _Atomic uint32_t *state = (void *)(segment + 1024 + 256), *reader_sleep = (void *)(segment + 1024 + 512);
    while (tail < total) {
        char said[32];
        int length = snprintf(said, sizeof said, "%llu\n", (unsigned long long)tail);
        if (write(STDOUT_FILENO, said, (size_t)length) != length)
            die("write");
        uint64_t end = tail + 1 + (uint64_t)rand() % 100000;
        if (end > total)
            end = total;
        while (tail < end) {
            uint64_t room = capacity - (tail - atomic_load_explicit(head, memory_order_acquire));
            if (room == 0) {
                sched_yield();
                continue;
            }
            for (; room > 0 && tail < end; room--, tail++)
                ring[tail & (capacity - 1)] = (unsigned char)((tail / 8) >> (8 * (tail % 8)));
            atomic_store_explicit(shared_tail, tail, memory_order_release);
            atomic_thread_fence(memory_order_seq_cst);
            if (atomic_load(reader_sleep) != 0 && (atomic_exchange(reader_sleep, 0) & 2) != 0)
                send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
    }
    atomic_store(state, 1);
    if (atomic_exchange(reader_sleep, 0) != 0)
        send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (recv(fd, ready, sizeof ready, 0) > 0)
        ;
    return 0;
}
