/* HOST PORT: exits 0 if the kernel has joined the socket to itself. */
#include "peer.h"

int main(int argc, char *argv[])
{
    struct sockaddr_in local, remote;
    socklen_t length = sizeof(local);
    if (argc != 3)
        return 2;
    int fd = ConnectTo(argv, 0);
    getsockname(fd, (struct sockaddr *)&local, &length);
    length = sizeof(remote);
    getpeername(fd, (struct sockaddr *)&remote, &length);
    return local.sin_port == remote.sin_port && local.sin_addr.s_addr == remote.sin_addr.s_addr ? 0 : 1;
}
