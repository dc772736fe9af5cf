// udp_server echo|sink|source ADDRESS:PORT: the baseline of a message channel over UDP, one blocking call a message.
// echo sends each message back; sink answers every WINDOWth with the sum of the numbers it saw; source answers each message
// with WINDOW of the size that it asks for. Port 0 is any free one.
#include "udp.h"

static unsigned char buffer[LARGEST];

static void answer(int fd, size_t size, const struct sockaddr_in *peer)
{
    if (sendto(fd, buffer, size, 0, (const struct sockaddr *)peer, sizeof *peer) != (ssize_t)size)
        die("sendto");
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: udp_server echo|sink|source ADDRESS:PORT");
    struct sockaddr_in address = parse_address(argv[2]), peer;
    struct message *message = (struct message *)buffer;
    uint64_t sum = 0, number = 0;
    unsigned received = 0;
    int fd = udp_socket();
    char kind = argv[1][1]; // eCho, sInk, sOurce

    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    for (;;) {
        socklen_t length = sizeof peer;
        ssize_t size = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&peer, &length);
        if (size < (ssize_t)sizeof *message)
            die("recvfrom");
        if (kind == 'c') {
            answer(fd, (size_t)size, &peer);
        } else if (kind == 'i') {
            sum += message->number;
            if (++received == WINDOW) {
                message->number = sum;
                answer(fd, sizeof *message, &peer);
                sum = received = 0;
            }
        } else {
            uint32_t asked = message->size;
            if (asked < sizeof *message || asked > LARGEST)
                die("asked for messages of %u bytes", asked);
            for (int i = 0; i < WINDOW; i++) {
                message->number = number++;
                answer(fd, asked, &peer);
            }
        }
    }
}
