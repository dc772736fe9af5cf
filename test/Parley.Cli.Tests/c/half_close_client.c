/* HOST PORT: sends its standard input, says that this was all, and reads the reply to the end. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 3)
        return 2;
    int fd = ConnectTo(argv, 0);
    CopyToEnd(STDIN_FILENO, fd);
    if (shutdown(fd, SHUT_WR) < 0)
        ErrorAndExit("Could not shut down");
    CopyToEnd(fd, STDOUT_FILENO);
    return 0;
}
