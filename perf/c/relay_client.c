// relay_client ADDRESS:PORT TARGET-PORT BYTES CONNECTIONS [PID|- [SEND-CORE RECEIVE-CORE]]: sends BYTES over each of CONNECTIONS connections to a relay at
// ADDRESS:PORT, which connects each to 127.0.0.1:TARGET-PORT, where this program listens and reads. A thread sends and a thread
// receives for each connection. Prints GB/s of all together from the first byte sent to the last received; with the relay's
// process id, CPU seconds a GiB that the relay took instead. The threads that send and those that receive may have a core each.
//
// What arrives is compared before the clock starts: the first MiB of each connection is another one than that of the next. What is timed
// is to be the relay: the sender sends pages of a file that is in memory, and the receiver has the kernel drop what has arrived (MSG_TRUNC),
// so that neither copies a byte.
#include "perf.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

enum { CHECKED = 1024 * 1024 };

struct conversation {
    int send_fd, receive_fd, file;
    size_t bytes;
    unsigned char *pattern;
    pthread_t sender, receiver;
};

static int send_core = -1, receive_core = -1;

static void bind_to(int core)
{
    cpu_set_t cores;
    if (core < 0)
        return;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) < 0)
        die("core %d", core);
}

static void fill(unsigned char *buffer, size_t size, uint64_t seed)
{
    uint64_t random = 88172645463325252u ^ (seed * 2654435761u);
    for (size_t i = 0; i < size; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        buffer[i] = (unsigned char)random;
    }
}

static void send_all(int fd, const unsigned char *buffer, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, buffer + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            die("send");
        sent += (size_t)n;
    }
}

static void *send_stream(void *argument)
{
    struct conversation *c = argument;
    bind_to(send_core);
    for (size_t sent = 0; sent < c->bytes;) {
        off_t from = (off_t)(sent % CHECKED);
        size_t rest = CHECKED - (size_t)from, size = c->bytes - sent < rest ? c->bytes - sent : rest;
        ssize_t n = sendfile(c->send_fd, c->file, &from, size);
        if (n <= 0)
            die("sendfile");
        sent += (size_t)n;
    }
    shutdown(c->send_fd, SHUT_WR);
    return NULL;
}

static void *receive_stream(void *argument)
{
    struct conversation *c = argument;
    size_t received = 0;
    bind_to(receive_core);
    for (;;) {
        ssize_t n = recv(c->receive_fd, NULL, CHECKED, MSG_TRUNC);
        if (n < 0)
            die("receive");
        if (n == 0)
            break;
        received += (size_t)n;
    }
    if (received != c->bytes)
        die("%zu bytes arrived of %zu", received, c->bytes);
    return NULL;
}

static void check(struct conversation *c)
{
    unsigned char *arrived = malloc(CHECKED);
    size_t sent = 0, received = 0;
    while (received < CHECKED) {
        if (sent < CHECKED) {
            send_all(c->send_fd, c->pattern + sent, 64 * 1024);
            sent += 64 * 1024;
        }
        while (received < sent) {
            ssize_t n = recv(c->receive_fd, arrived + received, sent - received, 0);
            if (n <= 0)
                die("receive, to check");
            received += (size_t)n;
        }
    }
    if (memcmp(arrived, c->pattern, CHECKED) != 0)
        die("what arrived is not what was sent");
    free(arrived);
}

static double cpu_seconds(const char *pid)
{
    char path[64], line[1024];
    unsigned long user, system;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        die("%s", path);
    fclose(file);
    const char *rest = strrchr(line, ')');
    if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        die("%s is not as expected", path);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6 && argc != 8)
        die("usage: relay_client ADDRESS:PORT TARGET-PORT BYTES CONNECTIONS [PID|- [SEND-CORE RECEIVE-CORE]]");
    const char *pid = argc >= 6 && strcmp(argv[5], "-") != 0 ? argv[5] : NULL;
    if (argc == 8) {
        send_core = (int)parse_number(argv[6]);
        receive_core = (int)parse_number(argv[7]);
    }
    struct sockaddr_in relay = parse_address(argv[1]);
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)parse_number(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    size_t bytes = (size_t)parse_number(argv[3]), count = (size_t)parse_number(argv[4]);
    struct conversation *all = calloc(count, sizeof *all);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bytes == 0 || count == 0 || all == NULL)
        die("nothing to do, or no memory to do it");
    fail_after(300);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        die("socket");
    if (bind(listener, (const struct sockaddr *)&target, sizeof target) < 0 || listen(listener, 512) < 0)
        die("listen");
    for (size_t i = 0; i < count; i++) {
        all[i].bytes = bytes;
        all[i].pattern = malloc(CHECKED);
        fill(all[i].pattern, CHECKED, i);
        all[i].file = memfd_create("relay_client", MFD_CLOEXEC);
        if (all[i].file < 0 || write(all[i].file, all[i].pattern, CHECKED) != CHECKED)
            die("memfd");
        all[i].send_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (all[i].send_fd < 0 || connect(all[i].send_fd, (const struct sockaddr *)&relay, sizeof relay) < 0)
            die("connect");
        all[i].receive_fd = accept(listener, NULL, NULL);
        if (all[i].receive_fd < 0)
            die("accept");
        check(&all[i]);
    }

    double cpu = pid != NULL ? cpu_seconds(pid) : 0;
    uint64_t start = now_ns();
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&all[i].receiver, NULL, receive_stream, &all[i]) != 0 || pthread_create(&all[i].sender, NULL, send_stream, &all[i]) != 0)
            die("thread");
    for (size_t i = 0; i < count; i++) {
        pthread_join(all[i].sender, NULL);
        pthread_join(all[i].receiver, NULL);
    }
    double seconds = (double)(now_ns() - start) / 1e9, total = (double)bytes * (double)count;
    if (pid != NULL)
        printf("%.4f\n", (cpu_seconds(pid) - cpu) / (total / (1024.0 * 1024 * 1024)));
    else
        printf("%.4f\n", total / 1e9 / seconds);
    return 0;
}
