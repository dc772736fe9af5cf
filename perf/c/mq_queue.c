// mq_queue make|remove NAME...: queues of 10 messages of 8192 bytes, the system's default.
#include "mq.h"

int main(int argc, char **argv)
{
    int makes = argc > 2 && strcmp(argv[1], "make") == 0;
    if (argc < 3)
        die("usage: mq_queue make|remove NAME...");
    for (int i = 2; i < argc; i++) {
        struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = MESSAGE_ROOM};
        mqd_t queue = makes ? mq_open(argv[i], O_CREAT | O_EXCL | O_RDWR, 0600, &attributes) : mq_unlink(argv[i]);
        if (queue < 0)
            die("%s %s", argv[1], argv[i]);
    }
    return 0;
}
