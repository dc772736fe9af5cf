// mq_echo block|threads|spin|bodies FROM TO: sends back whatever comes, until it is ended.
#include "mq.h"

int main(int argc, char **argv)
{
    static unsigned char buffer[MESSAGE_ROOM];
    if (argc != 4)
        die("usage: mq_echo block|threads|spin|bodies FROM TO");
    struct queue from = open_queue(argv[1], argv[2], O_RDONLY), to = open_queue(argv[1], argv[3], O_WRONLY);
    for (;;)
        send_to(&to, buffer, receive_from(&from, buffer));
}
