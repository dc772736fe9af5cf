// death_watch COUNT: COUNT child processes, one after the other, each at the other end of a pair of Unix sockets and killed in the middle of a
// conversation. Prints the milliseconds from the kill to the end in read, of the slowest but one in a hundred.
#include "perf.h"
#include <sys/wait.h>

#define LATEST_US 500

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void live(int fd)
{
    char byte = 1;
    if (write(fd, &byte, 1) != 1)
        die("write");
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: death_watch COUNT");
    size_t count = (size_t)parse_number(argv[1]);
    uint64_t *times = malloc(count * sizeof *times);
    if (count < 100 || times == NULL)
        die("a count is 100 or more");
    fail_after(60);
    srandom(1);
    for (size_t i = 0; i < count; i++) {
        int pair[2];
        char byte;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
            die("socketpair");
        pid_t child = fork();
        if (child < 0)
            die("fork");
        if (child == 0) {
            close(pair[0]);
            live(pair[1]);
        }
        close(pair[1]);
        if (read(pair[0], &byte, 1) != 1)
            die("the child did not speak");
        for (uint64_t due = now_ns() + (uint64_t)(random() % LATEST_US) * 1000; now_ns() < due;)
            ;
        uint64_t killed = now_ns();
        kill(child, SIGKILL);
        ssize_t rest = read(pair[0], &byte, 1);
        times[i] = now_ns() - killed;
        errno = 0;
        if (rest != 0)
            die("the child spoke after its death");
        close(pair[0]);
        waitpid(child, NULL, 0);
    }
    qsort(times, count, sizeof *times, compare_times);
    printf("%.4f\n", (double)times[count * 99 / 100 - 1] / 1e6);
    return 0;
}
