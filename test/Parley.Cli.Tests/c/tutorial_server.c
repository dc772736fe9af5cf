/* The tutorial's server, word for word but for SO_REUSEADDR, without which it cannot be started twice within a minute. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>
#include <sys/types.h>

static void ErrorAndExit(const char *str);

#define IP   "127.0.0.1"
#define PORT 5000

int main(void)
{
    int listenfd = 0, connfd = 0, on = 1;
    struct sockaddr_in serv_addr = {0};

    if ((listenfd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        ErrorAndExit("Could not create socket");

    setsockopt(listenfd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    serv_addr.sin_family = AF_INET;
    serv_addr.sin_addr.s_addr = inet_addr(IP);
    serv_addr.sin_port = htons(PORT);

    if (bind(listenfd, (struct sockaddr *)&serv_addr, sizeof(serv_addr)) < 0)
        ErrorAndExit("Could not bind on Given IP");

    if (listen(listenfd, 10) < 0)
        ErrorAndExit("Could not listen");

    if ((connfd = accept(listenfd, (struct sockaddr *)NULL, NULL)) < 0)
        ErrorAndExit("Could not accept");

    if (write(connfd, "Server Message", strlen("Server Message")) < 0)
        ErrorAndExit("Could not write");

    close(connfd);

    return 0;
}

static void ErrorAndExit(const char *str)
{
    printf("Error : %s\n", str);
    exit(EXIT_FAILURE);
}
