// echo_server ADDRESS:PORT: an epoll server that sends back what it gets, the baseline of `parley serve --echo`: one
// thread, non-blocking sockets, level-triggered, TCP_NODELAY. Port 0 is any free one.
#include "perf.h"
#include <poll.h>
#include <sys/epoll.h>

static char buffer[65536];

// False: this client is over.
static int echo(int client)
{
    ssize_t length = read(client, buffer, sizeof buffer);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR;
    for (ssize_t sent = 0; sent < length;) {
        ssize_t n = write(client, buffer + sent, (size_t)(length - sent));
        if (n >= 0) {
            sent += n;
        } else if (errno == EAGAIN) {
            // A client that sends more than it reads. Waiting for it here stops the others: enough for a baseline.
            struct pollfd wait = {.fd = client, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return 0;
        }
    }
    return length > 0;
}

int main(int argc, char **argv)
{
    struct epoll_event events[64];
    int one = 1;

    if (argc != 2)
        die("usage: echo_server ADDRESS:PORT");
    struct sockaddr_in address = parse_address(argv[1]);
    signal(SIGPIPE, SIG_IGN);

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0)
        die("socket");
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    if (listen(listener, 128) < 0)
        die("listen");
    int epoll = epoll_create1(0);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &wanted) < 0)
        die("epoll");
    for (;;) {
        int ready = epoll_wait(epoll, events, 64, -1);
        if (ready < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (!echo(fd))
                    close(fd); // which also takes it out of the epoll
                continue;
            }
            int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (client < 0)
                continue;
            wanted.data.fd = client;
            if (setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0
                || epoll_ctl(epoll, EPOLL_CTL_ADD, client, &wanted) < 0)
                die("new client");
        }
    }
}
