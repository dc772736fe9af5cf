/* Says its process number, and then hears neither the end of its input nor SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    signal(SIGTERM, SIG_IGN);
    printf("%d\n", (int)getpid());
    fflush(stdout);
    for (;;)
        pause();
}
