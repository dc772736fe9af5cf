// busy CORE: keeps a core busy at the lowest priority (SCHED_IDLE) until it is ended, or who started it is gone. Whatever else wants the core has it at once.
#include "perf.h"
#include <sched.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: busy CORE");
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)parse_number(argv[1]), &set);
    struct sched_param lowest = {.sched_priority = 0};
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        die("nobody would end this");
    if (sched_setaffinity(0, sizeof set, &set) < 0 || sched_setscheduler(0, SCHED_IDLE, &lowest) < 0)
        die("cannot be idle on core %s", argv[1]);
    while (1)
        __asm__ volatile("" ::: "memory");
}
