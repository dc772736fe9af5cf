/* HOST PORT: reads everything that one client says before it answers. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 3)
        return 2;
    int fd = AcceptOne(argv);
    CopyToEnd(fd, STDOUT_FILENO);
    WriteAll(fd, "Server Message", strlen("Server Message"));
    close(fd);
    return 0;
}
