// What the programs in this folder share: failing loudly, the clock, and loopback addresses.
// Every number that they print goes to standard output, alone; everything else goes to standard error.
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    if (error != 0)
        fprintf(stderr, ": %s", strerror(error));
    fputc('\n', stderr);
    exit(1);
}

__attribute__((unused)) static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

__attribute__((unused)) static long parse_number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    errno = 0;
    if (*text == '\0' || *end != '\0' || value < 0)
        die("'%s' is not a number", text);
    return value;
}

// Memory that begins with a cache line; of any size.
__attribute__((unused)) static unsigned char *memory_at_line(size_t size)
{
    void *memory;
    errno = posix_memalign(&memory, 64, size);
    if (errno != 0)
        die("posix_memalign");
    return memory;
}

// 127.0.0.1:PORT
__attribute__((unused)) static struct sockaddr_in parse_address(const char *text)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in address = {.sin_family = AF_INET};
    errno = 0;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        die("'%s' is not ADDRESS:PORT", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    long port = parse_number(colon + 1);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || port > 65535)
        die("'%s' is not ADDRESS:PORT", text);
    address.sin_port = htons((uint16_t)port);
    return address;
}

// Connects from 127.0.0.2 to 127.0.0.250 in turn. A server that closes first leaves a TIME_WAIT for each pair of
// addresses and ports: from one source address the 28,000 ephemeral ports would be used up, and the search for a free
// one would be what is measured. IP_BIND_ADDRESS_NO_PORT leaves the choice of the port to connect(), which only needs
// it to be free for this one destination.
__attribute__((unused)) static int connect_rotating(const struct sockaddr_in *server, unsigned long turn)
{
    int one = 1;
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002u + (uint32_t)(turn % 249))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) < 0)
        die("IP_BIND_ADDRESS_NO_PORT");
    if (bind(fd, (const struct sockaddr *)&source, sizeof source) < 0)
        die("bind");
    if (connect(fd, (const struct sockaddr *)server, sizeof *server) < 0)
        die("connect, number %lu", turn);
    return fd;
}

// A measurement that hangs is a failure, not a long wait.
__attribute__((unused)) static void fail_after(unsigned seconds)
{
    alarm(seconds); // SIGALRM ends the process, and the row with it
}
