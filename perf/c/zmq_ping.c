// zmq_ping PATH COUNT WARMUP SIZE: sends SIZE bytes to ipc://PATH and waits until they are back, WARMUP times untimed and
// then COUNT times. Prints microseconds a round trip. Every message is another one, compared after the clock.
#include "perf.h"
#include <zmq.h>

int main(int argc, char **argv)
{
    char address[256];

    if (argc != 5 || snprintf(address, sizeof address, "ipc://%s", argv[1]) >= (int)sizeof address)
        die("usage: zmq_ping PATH COUNT WARMUP SIZE");
    size_t count = (size_t)parse_number(argv[2]), total = count + (size_t)parse_number(argv[3]);
    size_t size = (size_t)parse_number(argv[4]);
    unsigned char *sent = malloc(total * size), *received = malloc(total * size);
    uint64_t start = 0;

    if (count == 0 || size == 0 || sent == NULL || received == NULL)
        die("nothing to do, or no memory to do it");
    for (size_t i = 0; i < total * size; i++) {
        sent[i] = (unsigned char)(i * 2654435761u >> 13);
        received[i] = (unsigned char)~sent[i];
    }
    fail_after(60);
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_PAIR);
    if (socket == NULL || zmq_connect(socket, address) < 0)
        die("cannot connect to %s", address);
    for (size_t i = 0; i < total; i++) {
        if (i == total - count)
            start = now_ns();
        if (zmq_send(socket, sent + i * size, size, 0) != (int)size)
            die("send, message %zu", i);
        if (zmq_recv(socket, received + i * size, size, 0) != (int)size)
            die("receive, message %zu", i);
    }
    double microseconds = (double)(now_ns() - start) / 1e3;
    zmq_close(socket);
    zmq_ctx_term(context);
    errno = 0;
    if (memcmp(sent, received, total * size) != 0)
        die("what came back is not what was sent");
    printf("%.3f\n", microseconds / (double)count);
    return 0;
}
