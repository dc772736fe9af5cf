/* joined first|last SAID HEARD BYTES HOW...: one end of a joined conversation. Says BYTES bytes of the stream that the number SAID begins,
   and must hear exactly BYTES of the stream that HEARD begins, both at once. "first" ends its side when it has said all, "last" only after
   the other side has ended. HOW: connect HOST PORT, accept HOST PORT, fifos READ WRITE, stdio, or spawn COMMAND..., which talks to a
   command's standard streams and ends as it does. */
#define _GNU_SOURCE
#include "peer.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

enum { CHUNK = 64 * 1024 };

static int readFd, writeFd;
static uint64_t said, heard, bytes;
static int isLast;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int hasHeardEnd;

static uint64_t Next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void *Say(void *unused)
{
    static uint64_t chunk[CHUNK / 8];
    for (uint64_t done = 0; done < bytes; done += CHUNK)
    {
        for (size_t i = 0; i < CHUNK / 8; i++)
            chunk[i] = Next(&said);
        WriteAll(writeFd, (const char *)chunk, bytes - done < CHUNK ? bytes - done : CHUNK);
    }

    pthread_mutex_lock(&lock);
    while (isLast && !hasHeardEnd)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    if (shutdown(writeFd, SHUT_WR) < 0)
        close(writeFd);
    return unused;
}

static void Hear(void)
{
    static unsigned char buffer[CHUNK];
    uint64_t word = 0, count = 0;
    ssize_t n;

    /* Until the writer of a FIFO has come a read would be told of an end. */
    struct pollfd comes = {readFd, POLLIN, 0};
    if (poll(&comes, 1, -1) < 0)
        ErrorAndExit("Could not wait");
    while ((n = read(readFd, buffer, sizeof(buffer))) > 0)
        for (ssize_t i = 0; i < n; i++, count++)
        {
            if (count % 8 == 0)
                word = Next(&heard);
            if (buffer[i] != (unsigned char)(word >> (count % 8 * 8)))
            {
                fprintf(stderr, "Error : byte %llu is another one\n", (unsigned long long)count);
                exit(EXIT_FAILURE);
            }
        }
    if (n < 0)
        ErrorAndExit("Read error");
    if (count != bytes)
    {
        fprintf(stderr, "Error : the end after %llu of %llu bytes\n", (unsigned long long)count, (unsigned long long)bytes);
        exit(EXIT_FAILURE);
    }
}

static pid_t Spawn(char *command[])
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        ErrorAndExit("Could not make a pipe");
    pid_t child = fork();
    if (child < 0)
        ErrorAndExit("Could not fork");
    if (child == 0)
    {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execvp(command[0], command);
        ErrorAndExit("Could not start");
    }

    close(in[0]);
    close(out[1]);
    readFd = out[0];
    writeFd = in[1];
    return child;
}

int main(int argc, char *argv[])
{
    pid_t child = 0;
    pthread_t sayer;
    int status = 0;
    if (argc < 6)
        return 2;
    isLast = strcmp(argv[1], "last") == 0;
    said = strtoull(argv[2], NULL, 10);
    heard = strtoull(argv[3], NULL, 10);
    bytes = strtoull(argv[4], NULL, 10);
    signal(SIGPIPE, SIG_IGN);

    char **how = argv + 5;
    if (strcmp(how[0], "connect") == 0)
        readFd = writeFd = ConnectTo(how, 0);
    else if (strcmp(how[0], "accept") == 0)
        readFd = writeFd = AcceptOne(how);
    else if (strcmp(how[0], "fifos") == 0)
    {
        /* Without waiting for a writer, as both ends would otherwise wait for each other. */
        readFd = open(how[1], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        writeFd = open(how[2], O_WRONLY | O_CLOEXEC);
        if (readFd < 0 || writeFd < 0)
            ErrorAndExit("Could not open");
        fcntl(readFd, F_SETFL, 0);
    }
    else if (strcmp(how[0], "stdio") == 0)
    {
        readFd = STDIN_FILENO;
        writeFd = STDOUT_FILENO;
    }
    else if (strcmp(how[0], "spawn") == 0)
        child = Spawn(how + 1);
    else
        return 2;

    if (pthread_create(&sayer, NULL, Say, NULL) != 0)
        ErrorAndExit("Could not start a thread");
    Hear();
    pthread_mutex_lock(&lock);
    hasHeardEnd = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(sayer, NULL);
    if (child == 0)
        return 0;
    if (waitpid(child, &status, 0) < 0)
        ErrorAndExit("Could not wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
