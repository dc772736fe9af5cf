// zmq_bytes CORE OTHER-CORE CHUNK BYTES: a process on the other core pushes messages of CHUNK bytes over ipc; this one pulls them, and reads one word of
// each line. Prints how many GB came in a second. The threads of the library share the core of their process.
#include "bytes.h"
#include <zmq.h>

int main(int argc, char **argv)
{
    char address[64];
    if (argc != 5)
        die("usage: zmq_bytes CORE OTHER-CORE CHUNK BYTES");
    size_t chunk = (size_t)parse_number(argv[3]);
    long count = parse_number(argv[4]) / (long)chunk;
    unsigned char *buffer = calloc(1, chunk);
    snprintf(address, sizeof address, "ipc://@parley-perf-zmq-%d", (int)getpid());
    fail_after(60);
    if (fork_to(parse_number(argv[2])) == 0) {
        void *out = zmq_socket(zmq_ctx_new(), ZMQ_PUSH);
        if (zmq_bind(out, address) < 0)
            die("cannot listen on %s", address);
        for (;;)
            if (zmq_send(out, buffer, chunk, 0) != (int)chunk)
                die("send");
    }
    pin(parse_number(argv[1]));
    void *in = zmq_socket(zmq_ctx_new(), ZMQ_PULL);
    if (zmq_connect(in, address) < 0)
        die("cannot connect to %s", address);
    uint64_t start = 0, sum = 0;
    for (long i = 0; i <= count; i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, in, 0) != (int)chunk)
            die("receive, message %ld", i);
        sum += look_at(zmq_msg_data(&message), chunk);
        zmq_msg_close(&message);
        if (i == 0)
            start = now_ns();
    }
    print_rate(count * (long)chunk, start);
    return sum == 0 ? 0 : 1;
}
