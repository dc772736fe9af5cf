/* HOST PORT BYTES: writes that much, waits for one byte of the client, and breaks the connection off. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 4)
        return 2;
    size_t count = (size_t)atol(argv[3]);
    char *bytes = calloc(1, count);
    char byte;
    int fd = AcceptOne(argv);
    WriteAll(fd, bytes, count);
    if (read(fd, &byte, 1) < 0)
        ErrorAndExit("Read error");
    Reset(fd);
    return 0;
}
