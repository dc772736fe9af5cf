/* What the programs here share: an address from two arguments, the tutorial's steps on it, and loops around read and write.
   An address is "127.0.0.1 5000", "::1 5000", "/path -" or "@name -". */
#ifndef PEER_H
#define PEER_H

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void ErrorAndExit(const char *str)
{
    fprintf(stderr, "Error : %s: %s\n", str, strerror(errno));
    exit(EXIT_FAILURE);
}

static inline socklen_t AddressOf(char *argv[], struct sockaddr_storage *storage)
{
    const char *host = argv[1];
    memset(storage, 0, sizeof(*storage));
    if (host[0] == '/' || host[0] == '@')
    {
        struct sockaddr_un *local = (struct sockaddr_un *)storage;
        size_t length = strlen(host);
        local->sun_family = AF_UNIX;
        memcpy(local->sun_path, host, length);
        if (host[0] == '/')
            return sizeof(*local);
        local->sun_path[0] = 0;
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    }

    if (strchr(host, ':') != NULL)
    {
        struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)storage;
        ip6->sin6_family = AF_INET6;
        ip6->sin6_port = htons((unsigned short)atoi(argv[2]));
        inet_pton(AF_INET6, host, &ip6->sin6_addr);
        return sizeof(*ip6);
    }

    struct sockaddr_in *ip4 = (struct sockaddr_in *)storage;
    ip4->sin_family = AF_INET;
    ip4->sin_port = htons((unsigned short)atoi(argv[2]));
    inet_pton(AF_INET, host, &ip4->sin_addr);
    return sizeof(*ip4);
}

static inline int ConnectTo(char *argv[], int receiveBuffer)
{
    struct sockaddr_storage address;
    socklen_t length = AddressOf(argv, &address);
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    if (fd < 0)
        ErrorAndExit("Could not create socket");
    if (receiveBuffer > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof(receiveBuffer));
    if (connect(fd, (struct sockaddr *)&address, length) < 0)
        ErrorAndExit("Connect Failed");
    return fd;
}

static inline int AcceptOne(char *argv[])
{
    struct sockaddr_storage address;
    socklen_t length = AddressOf(argv, &address);
    int on = 1;
    int listening = socket(address.ss_family, SOCK_STREAM, 0);
    if (listening < 0)
        ErrorAndExit("Could not create socket");
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listening, (struct sockaddr *)&address, length) < 0)
        ErrorAndExit("Could not bind");
    if (listen(listening, 10) < 0)
        ErrorAndExit("Could not listen");
    int fd = accept(listening, NULL, NULL);
    if (fd < 0)
        ErrorAndExit("Could not accept");
    close(listening);
    return fd;
}

static inline void WriteAll(int fd, const char *bytes, size_t count)
{
    while (count > 0)
    {
        ssize_t written = write(fd, bytes, count);
        if (written < 0)
            ErrorAndExit("Write error");
        bytes += written;
        count -= (size_t)written;
    }
}

/* Copies from one descriptor to another until the end. */
static inline void CopyToEnd(int from, int to)
{
    char buffer[16384];
    ssize_t n;
    while ((n = read(from, buffer, sizeof(buffer))) > 0)
        WriteAll(to, buffer, (size_t)n);
    if (n < 0)
        ErrorAndExit("Read error");
}

/* Closes with a reset. */
static inline void Reset(int fd)
{
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

#endif
