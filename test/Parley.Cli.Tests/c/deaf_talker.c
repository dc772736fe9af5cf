/* BYTES: closes its standard input before it reads any of it, says so, and then says that many bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 2)
        return 2;
    close(STDIN_FILENO);
    for (long left = atol(argv[1]); left > 0; left--)
        putchar('x');
    return 0;
}
