// zmq_receive PATH COUNT WARMUP: pulls messages of 8 bytes from ipc://PATH, each the one after the last. Prints how many a
// second.
#include "perf.h"
#include <zmq.h>

int main(int argc, char **argv)
{
    char address[256];
    uint64_t start = 0, last = 0, number = 0;
    int is_in_order = 1;

    if (argc != 4 || snprintf(address, sizeof address, "ipc://%s", argv[1]) >= (int)sizeof address)
        die("usage: zmq_receive PATH COUNT WARMUP");
    size_t count = (size_t)parse_number(argv[2]), total = count + (size_t)parse_number(argv[3]);
    fail_after(60);
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_PULL);
    if (socket == NULL || zmq_connect(socket, address) < 0)
        die("cannot connect to %s", address);
    for (size_t i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        if (zmq_recv(socket, &number, sizeof number, 0) != (int)sizeof number)
            die("receive, message %zu", i);
        is_in_order &= i == 0 || number == last + 1;
        last = number;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (!is_in_order)
        die("a message was lost, or came out of turn");
    printf("%.0f\n", (double)count / seconds);
    return 0;
}
