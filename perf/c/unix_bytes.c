// unix_bytes CORE OTHER-CORE CHUNK BYTES: a process on the other core writes to a Unix socket, CHUNK bytes with each call; this one reads as much with
// each, and one word of each line. Prints how many GB came in a second.
#include "perf.h"
#include <sched.h>
#include <sys/prctl.h>

static void pin(long core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("cannot pin to core %ld", core);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: unix_bytes CORE OTHER-CORE CHUNK BYTES");
    size_t chunk = (size_t)parse_number(argv[3]);
    long total = parse_number(argv[4]);
    unsigned char *buffer = calloc(1, chunk);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        die("socketpair");
    fail_after(60);
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(parse_number(argv[2]));
        for (long left = total; left > 0;) {
            ssize_t n = write(ends[1], buffer, left < (long)chunk ? (size_t)left : chunk);
            if (n < 0)
                die("write");
            left -= n;
        }
        return 0;
    }
    close(ends[1]);
    pin(parse_number(argv[1]));

    long received = 0;
    uint64_t start = 0, sum = 0;
    for (ssize_t n; (n = read(ends[0], buffer, chunk)) != 0; received += n) {
        if (n < 0)
            die("read");
        if (start == 0)
            start = now_ns();
        for (const unsigned char *at = buffer; at < buffer + n; at += 64)
            sum += *at;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    errno = 0;
    if (received != total || sum != 0)
        die("%ld bytes came instead of %ld, or others", received, total);
    printf("%.4f\n", (double)total / 1e9 / seconds);
    return 0;
}
