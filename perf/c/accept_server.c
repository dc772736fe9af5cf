// accept_server ADDRESS:PORT: the accept loop of a plain C server, the baseline of `parley serve`: blocking, a backlog
// of 10, and for every client accept, write, close. Port 0 is any free one.
#include "perf.h"

int main(int argc, char **argv)
{
    static const char message[] = "Server Message";

    if (argc != 2)
        die("usage: accept_server ADDRESS:PORT");
    struct sockaddr_in address = parse_address(argv[1]);
    signal(SIGPIPE, SIG_IGN);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0)
        die("socket");
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    if (listen(listener, 10) < 0)
        die("listen");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            die("accept");
        if (write(client, message, strlen(message)) != (ssize_t)strlen(message))
            die("write");
        close(client);
    }
}
