/* HOST PORT: the tutorial's client on any address. */
#include "peer.h"

int main(int argc, char *argv[])
{
    if (argc != 3)
        return 2;
    CopyToEnd(ConnectTo(argv, 0), STDOUT_FILENO);
    return 0;
}
