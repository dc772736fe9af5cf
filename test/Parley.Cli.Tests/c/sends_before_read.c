/* HOST PORT BYTES: says a lot before it looks at what the server has said. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 4)
        return 2;
    size_t count = (size_t)atol(argv[3]);
    char *bytes = calloc(1, count);
    int fd = ConnectTo(argv, 0);
    WriteAll(fd, bytes, count);
    CopyToEnd(fd, STDOUT_FILENO);
    return 0;
}
