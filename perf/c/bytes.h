// What the programs that send bytes from one core to another over a library's sockets have in common.
#pragma once
#include "perf.h"
#include <sched.h>
#include <sys/prctl.h>

static void pin(long core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("cannot pin to core %ld", core);
}

// The child ends with its parent, however that ends.
static pid_t fork_to(long core)
{
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(core);
    }
    return child;
}

// One word of each line.
static uint64_t look_at(const unsigned char *bytes, size_t count)
{
    uint64_t sum = 0;
    for (const unsigned char *at = bytes; at < bytes + count; at += 64)
        sum += *at;
    return sum;
}

static void print_rate(long bytes, uint64_t start)
{
    printf("%.4f\n", (double)bytes / 1e9 / ((double)(now_ns() - start) / 1e9));
}
