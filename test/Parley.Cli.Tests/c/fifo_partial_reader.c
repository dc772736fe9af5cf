/* PATH COUNT: reads so many bytes of a FIFO and leaves. */
#include "peer.h"
#include <fcntl.h>

int main(int argc, char *argv[])
{
    char byte;
    if (argc != 3)
        return 2;
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0)
        ErrorAndExit(argv[1]);
    for (long left = atol(argv[2]); left > 0; left--)
    {
        if (read(fd, &byte, 1) != 1)
            ErrorAndExit("Read error");
        WriteAll(STDOUT_FILENO, &byte, 1);
    }
    return 0;
}
