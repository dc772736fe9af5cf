/* HOST PORT CHUNK MICROSECONDS: a small receive buffer, and a pause after every chunk. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 5)
        return 2;
    size_t chunk = (size_t)atol(argv[3]);
    useconds_t pause = (useconds_t)atol(argv[4]);
    char *bytes = malloc(chunk);
    int fd = ConnectTo(argv, 8192);
    ssize_t n;
    while ((n = read(fd, bytes, chunk)) > 0)
    {
        WriteAll(STDOUT_FILENO, bytes, (size_t)n);
        usleep(pause);
    }
    if (n < 0)
        ErrorAndExit("Read error");
    return 0;
}
