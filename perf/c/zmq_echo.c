// zmq_echo PATH: sends back each message that comes on a PAIR socket at ipc://PATH.
#include "perf.h"
#include <zmq.h>

int main(int argc, char **argv)
{
    static unsigned char buffer[64 * 1024];
    char address[256];

    if (argc != 2 || snprintf(address, sizeof address, "ipc://%s", argv[1]) >= (int)sizeof address)
        die("usage: zmq_echo PATH");
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_PAIR);
    if (socket == NULL || zmq_bind(socket, address) < 0)
        die("cannot listen on %s", address);
    for (;;) {
        int length = zmq_recv(socket, buffer, sizeof buffer, 0);
        if (length < 0 || zmq_send(socket, buffer, (size_t)length, 0) != length)
            die("echo");
    }
}
