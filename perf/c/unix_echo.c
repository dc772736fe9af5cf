// unix_echo PATH: sends back what comes on each connection in turn, with blocking calls.
#include "perf.h"
#include <sys/un.h>

int main(int argc, char **argv)
{
    static unsigned char buffer[64 * 1024];
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
        die("usage: unix_echo PATH");
    strcpy(address.sun_path, argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0)
        die("cannot listen on %s", argv[1]);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        ssize_t n;
        if (fd < 0)
            die("accept");
        while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
            for (ssize_t sent = 0, more; sent < n; sent += more)
                if ((more = send(fd, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL)) <= 0)
                    break;
        close(fd);
    }
}
