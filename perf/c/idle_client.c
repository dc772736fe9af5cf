// idle_client ADDRESS:PORT PID COUNT before|after REQUEST REPLY: the memory of an idle connection in the server PID.
// Opens one connection, then COUNT, and prints (memory with COUNT - memory with 1) / (COUNT - 1) in bytes, where memory
// is Rss of /proc/PID/smaps_rollup once it has come to rest.
//
// "after": nothing was ever said on the connections while they are measured; afterwards REQUEST is sent on each one and
// must be answered with what begins with REPLY (by closing, if that is empty), so that each was really held. "before": this is also done once before
// the measurement, so that the connections are idle but used.
#include "perf.h"
#include <dirent.h>
#include <poll.h>

static long resident_bytes(const char *pid)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%s/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die("%s", path);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Rss: %ld kB", &kib) != 1)
            kib = -1;
    fclose(file);
    if (kib < 0)
        die("no Rss in %s", path);
    return kib * 1024;
}

// At rest: the same for a second. What still moves after ten is taken as it is.
static long resident_bytes_at_rest(const char *pid)
{
    long last = -1;
    for (int look = 0, same = 0; look < 100 && same < 10; look++) {
        long bytes = resident_bytes(pid);
        same = bytes == last ? same + 1 : 0;
        last = bytes;
        usleep(100000);
    }
    return last;
}

static size_t count_descriptors(const char *pid)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        die("%s", path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void exchange(int fd, const char *request, const char *reply)
{
    char got[4096];
    size_t length = 0;
    errno = 0;
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        die("send");
    if (*reply == '\0') {
        if (recv(fd, got, sizeof got, 0) > 0 || (errno != 0 && errno != ECONNRESET))
            die("not closed");
        return;
    }
    while (length < strlen(reply)) {
        ssize_t n = recv(fd, got + length, sizeof got - length, 0);
        if (n <= 0)
            die("receive");
        length += (size_t)n;
    }
    errno = 0;
    if (memcmp(got, reply, strlen(reply)) != 0)
        die("the reply is not '%s'", reply);
    while (recv(fd, got, sizeof got, MSG_DONTWAIT) > 0)
        ; // the rest of a longer reply
}

int main(int argc, char **argv)
{
    if (argc != 7 || (strcmp(argv[4], "before") != 0 && strcmp(argv[4], "after") != 0))
        die("usage: idle_client ADDRESS:PORT PID COUNT before|after REQUEST REPLY");
    struct sockaddr_in server = parse_address(argv[1]);
    const char *pid = argv[2], *request = argv[5], *reply = argv[6];
    size_t count = (size_t)parse_number(argv[3]), had = count_descriptors(pid);
    int used = strcmp(argv[4], "before") == 0;
    int *fds = malloc(count * sizeof *fds);
    long first = 0;

    if (count < 2 || fds == NULL)
        die("nothing to do, or no memory to do it");
    fail_after(120);
    for (size_t i = 0; i < count; i++) {
        fds[i] = connect_rotating(&server, i);
        if (used)
            exchange(fds[i], request, reply);
        if (i == 0)
            first = resident_bytes_at_rest(pid);
    }
    long all = resident_bytes_at_rest(pid);

    // Held, and not only queued in the kernel: a descriptor each, and none closed by the server.
    errno = 0;
    size_t have = count_descriptors(pid);
    if (have < had + count)
        die("the server holds %zu descriptors, %zu before the first connection: not %zu more", have, had, count);
    for (size_t i = 0; i < count; i++) {
        struct pollfd state = {.fd = fds[i], .events = POLLIN};
        if (poll(&state, 1, 0) != 0)
            die("connection %zu is not idle", i);
        exchange(fds[i], request, reply);
        // Reset: the result is there, and ten thousand ports in TIME_WAIT would disturb the next one.
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fds[i]);
    }
    printf("%.1f\n", (double)(all - first) / (double)(count - 1));
    return 0;
}
