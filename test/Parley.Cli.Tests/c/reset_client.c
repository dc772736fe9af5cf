/* HOST PORT BYTES: reads that much and breaks the connection off. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 4)
        return 2;
    int fd = ConnectTo(argv, 0);
    char byte;
    for (long left = atol(argv[3]); left > 0; left--)
        if (read(fd, &byte, 1) != 1)
            ErrorAndExit("Read error");
    Reset(fd);
    return 0;
}
