/* HOST PORT: connects, says so, and never reads. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 3)
        return 2;
    ConnectTo(argv, 0);
    WriteAll(STDOUT_FILENO, "connected\n", strlen("connected\n"));
    for (;;)
        pause();
}
