/* The tutorial's client, word for word. */
#include <sys/socket.h>
#include <sys/types.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <arpa/inet.h>

static void ErrorAndExit(const char *str);

#define IP   "127.0.0.1"
#define PORT 5000

int main(void)
{
    int sockfd = 0, n = 0;
    char recvBuff[1024];
    struct sockaddr_in serv_addr = {0};

    memset(recvBuff, '0', sizeof(recvBuff));

    if ((sockfd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        ErrorAndExit("Could not create socket");

    serv_addr.sin_family = AF_INET;
    serv_addr.sin_port = htons(PORT);
    serv_addr.sin_addr.s_addr = inet_addr(IP);

    if (connect(sockfd, (struct sockaddr *)&serv_addr, sizeof(serv_addr)) < 0)
        ErrorAndExit("Connect Failed");

    while ((n = read(sockfd, recvBuff, sizeof(recvBuff) - 1)) > 0)
    {
        recvBuff[n] = 0;
        if (fputs(recvBuff, stdout) == EOF)
            ErrorAndExit("fputs error");
    }

    if (n < 0)
        ErrorAndExit("Read error");

    return 0;
}

static void ErrorAndExit(const char *str)
{
    printf("Error : %s\n", str);
    exit(EXIT_FAILURE);
}
