// nng_bytes CORE OTHER-CORE CHUNK BYTES: a process on the other core pushes messages of CHUNK bytes over ipc; this one pulls them, and reads one word of
// each line. Prints how many GB came in a second. The threads of the library share the core of their process.
#include "bytes.h"
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>

int main(int argc, char **argv)
{
    char address[64];
    nng_socket in, out;
    if (argc != 5)
        die("usage: nng_bytes CORE OTHER-CORE CHUNK BYTES");
    size_t chunk = (size_t)parse_number(argv[3]);
    long count = parse_number(argv[4]) / (long)chunk;
    unsigned char *buffer = calloc(1, chunk);
    snprintf(address, sizeof address, "abstract://parley-perf-nng-%d", (int)getpid());
    fail_after(60);
    if (fork_to(parse_number(argv[2])) == 0) {
        if (nng_push0_open(&out) != 0 || nng_listen(out, address, NULL, 0) != 0)
            die("cannot listen on %s", address);
        for (;;)
            if (nng_send(out, buffer, chunk, 0) != 0)
                die("send");
    }
    pin(parse_number(argv[1]));
    if (nng_pull0_open(&in) != 0 || nng_dial(in, address, NULL, NNG_FLAG_NONBLOCK) != 0)
        die("cannot connect to %s", address);
    uint64_t start = 0, sum = 0;
    for (long i = 0; i <= count; i++) {
        nng_msg *message;
        if (nng_recvmsg(in, &message, 0) != 0 || nng_msg_len(message) != chunk)
            die("receive, message %ld", i);
        sum += look_at(nng_msg_body(message), chunk);
        nng_msg_free(message);
        if (i == 0)
            start = now_ns();
    }
    print_rate(count * (long)chunk, start);
    return sum == 0 ? 0 : 1;
}
