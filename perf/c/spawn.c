// spawn COUNT [--until-first-byte TEXT] -- COMMAND ARGUMENTS: starts the command COUNT times, one after the other, and
// prints the median time in milliseconds and the largest memory in KiB (ru_maxrss) of all. The time is from the start to
// the end of the process, or with --until-first-byte to the first byte on its standard output, all of which must be
// TEXT. The command must exit with 0.
#include "perf.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const char *text = NULL;
    int command = 2;
    int output[2];
    long memory = 0;
    char reply[256];

    if (argc > 4 && strcmp(argv[2], "--until-first-byte") == 0) {
        text = argv[3];
        command = 4;
    }
    if (argc < command + 2 || strcmp(argv[command], "--") != 0)
        die("usage: spawn COUNT [--until-first-byte TEXT] -- COMMAND ARGUMENTS");
    command++;
    size_t count = (size_t)parse_number(argv[1]);
    uint64_t *times = calloc(count, sizeof *times);
    if (count == 0 || times == NULL)
        die("nothing to do, or no memory to do it");
    fail_after(120);

    // This process stays small: a child's ru_maxrss begins with that of the process it was split from.
    for (size_t i = 0; i < count; i++) {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        if (text == NULL) {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        } else {
            if (pipe2(output, O_CLOEXEC) < 0)
                die("pipe");
            posix_spawn_file_actions_adddup2(&actions, output[1], 1);
        }

        pid_t child;
        size_t length = 0;
        uint64_t start = now_ns();
        errno = posix_spawn(&child, argv[command], &actions, NULL, argv + command, environ);
        if (errno != 0)
            die("cannot start %s", argv[command]);
        if (text != NULL) {
            close(output[1]);
            for (ssize_t n = 1; n > 0 && length < sizeof reply; length += (size_t)n) {
                if ((n = read(output[0], reply + length, sizeof reply - length)) < 0)
                    die("read");
                if (length == 0)
                    times[i] = now_ns() - start;
            }
            close(output[0]);
        }
        int status;
        struct rusage usage;
        if (wait4(child, &status, 0, &usage) < 0)
            die("wait4");
        if (text == NULL)
            times[i] = now_ns() - start;
        posix_spawn_file_actions_destroy(&actions);

        errno = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            die("%s ended with status 0x%x", argv[command], (unsigned)status);
        if (text != NULL && (length != strlen(text) || memcmp(reply, text, length) != 0))
            die("%s printed %zu bytes, which are not '%s'", argv[command], length, text);
        if (usage.ru_maxrss > memory)
            memory = usage.ru_maxrss;
    }
    qsort(times, count, sizeof *times, compare);
    printf("%.4f %ld\n", (double)times[count / 2] / 1e6, memory);
    return 0;
}
