// What udp_server and udp_client agree on. A window is what one side sends before it hears from the other: it fits into a
// socket's buffer, so that no datagram is lost and every run moves the same.
#pragma once
#include "perf.h"

enum { WINDOW = 100, LARGEST = 2048 };

// The first bytes of each message.
struct message {
    uint64_t number;
    uint32_t size; // of the messages asked for
    uint32_t unused;
};

__attribute__((unused)) static int udp_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    return fd;
}
