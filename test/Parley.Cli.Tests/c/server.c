/* HOST PORT: the tutorial's server on any address. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 3)
        return 2;
    int fd = AcceptOne(argv);
    WriteAll(fd, "Server Message", strlen("Server Message"));
    close(fd);
    return 0;
}
