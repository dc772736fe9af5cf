// splice_relay ADDRESS:PORT ADDRESS:PORT: accepts on the first address and joins each client to the second with two threads that
// call splice through a pipe of a MiB, blocking: what a relay in plain C reaches.
#include "perf.h"
#include <fcntl.h>
#include <pthread.h>

enum { PIPE = 1024 * 1024 };

struct direction {
    int from, to;
};

static void *move(void *argument)
{
    struct direction d = *(struct direction *)argument;
    int pipes[2];
    free(argument);
    if (pipe2(pipes, O_CLOEXEC) < 0 || fcntl(pipes[1], F_SETPIPE_SZ, PIPE) < 0)
        die("pipe");
    for (;;) {
        ssize_t n = splice(d.from, NULL, pipes[1], NULL, PIPE, SPLICE_F_MOVE);
        if (n <= 0)
            break;
        while (n > 0) {
            ssize_t sent = splice(pipes[0], NULL, d.to, NULL, (size_t)n, SPLICE_F_MOVE);
            if (sent <= 0)
                break;
            n -= sent;
        }
    }
    shutdown(d.to, SHUT_WR);
    close(pipes[0]);
    close(pipes[1]);
    return NULL;
}

static void start(int from, int to)
{
    pthread_t thread;
    struct direction *d = malloc(sizeof *d);
    *d = (struct direction){from, to};
    if (pthread_create(&thread, NULL, move, d) != 0)
        die("thread");
    pthread_detach(thread);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: splice_relay ADDRESS:PORT ADDRESS:PORT");
    struct sockaddr_in address = parse_address(argv[1]), target = parse_address(argv[2]);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 512) < 0)
        die("listen");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        int far = socket(AF_INET, SOCK_STREAM, 0);
        if (client < 0 || far < 0)
            die("accept");
        if (connect(far, (const struct sockaddr *)&target, sizeof target) < 0)
            die("connect");
        start(client, far);
        start(far, client);
    }
}
