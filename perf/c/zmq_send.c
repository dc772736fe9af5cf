// zmq_send PATH: sends messages of 8 bytes that count up to each who pulls from ipc://PATH, until it is ended.
#include "perf.h"
#include <zmq.h>

int main(int argc, char **argv)
{
    char address[256];

    if (argc != 2 || snprintf(address, sizeof address, "ipc://%s", argv[1]) >= (int)sizeof address)
        die("usage: zmq_send PATH");
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_PUSH);
    if (socket == NULL || zmq_bind(socket, address) < 0)
        die("cannot listen on %s", address);
    for (uint64_t i = 0;; i++)
        if (zmq_send(socket, &i, sizeof i, 0) != (int)sizeof i)
            die("send");
}
