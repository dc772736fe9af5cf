/* READ WRITE ORDER: a conversation over two FIFOs. ORDER is "rw" or "wr", which of them is opened first; each open waits for the other
   side. Sends its standard input, says that this was all by closing, and copies the reply to its standard output. */
#include "peer.h"
#include <fcntl.h>

static int Open(const char *path, int flags)
{
    int fd = open(path, flags);
    if (fd < 0)
        ErrorAndExit(path);
    return fd;
}

int main(int argc, char *argv[])
{
    int in = -1, out;
    if (argc != 4)
        return 2;
    if (argv[3][0] == 'r')
        in = Open(argv[1], O_RDONLY);
    out = Open(argv[2], O_WRONLY);
    if (in < 0)
        in = Open(argv[1], O_RDONLY);
    CopyToEnd(STDIN_FILENO, out);
    close(out);
    CopyToEnd(in, STDOUT_FILENO);
    return 0;
}
