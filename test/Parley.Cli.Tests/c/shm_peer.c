/* Either side of shm:, written from docs/shared-memory-protocol.md alone.
 *   shm_peer [-l] [-f] [-m] [-c CAPACITY] [-p FILE] shm:NAME|shm:/PATH bytes|send|receive
 * -l listens and serves one client; -f sleeps in futexes, else at the socket; -m has the feature membarrier. bytes: standard input to the
 * peer, the peer to standard output. -p: FILE has 8 bytes, which count what was published: bytes or messages.
 * send: each line of standard input is a message. receive: prints each message and a line feed.
 * Exit code: 0 the end was said, 3 not connected, 5 the peer died or went before it took everything, 6 aborted, 7 corrupt. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { TAIL = 0, HEAD = 128, WRITER_STATE = 256, READER_STATE = 384, READER_SLEEP = 512, WRITER_SLEEP = 640 };
enum { BYTES = 1, MESSAGES = 2, BY_FUTEX = 1, BY_SOCKET = 2, DIED = 5, ABORTED = 6, CORRUPT = 7 };

struct hello { char magic[8]; uint16_t version, kind; uint32_t features; uint64_t capacity; uint8_t reserved[40]; };
struct welcome {
    char magic[8]; uint16_t version, kind; uint32_t features, status, reserved0;
    uint64_t size, ring0, ring1, capacity, reserved1;
};
struct ready { char magic[8]; uint64_t reserved; };

struct ring { uint8_t *control, *data; uint64_t position, other; }; /* our own tail or head; the last seen of the other's */

static int connection = -1, sleeps_by = BY_SOCKET, kind, has_membarrier, uses_membarrier;
static uint64_t capacity;
static volatile int ended; /* the socket */
static struct ring out, in;
static uint64_t uncounted, *published = &uncounted;

static void fail(int code, const char *what) { fprintf(stderr, "shm_peer: %s\n", what); exit(code); }
static void check(int succeeded, const char *what) { if (!succeeded) { perror(what); exit(3); } }
static uint64_t load64(struct ring *r, int word) { return __atomic_load_n((uint64_t *)(r->control + word), __ATOMIC_ACQUIRE); }
static void store64(struct ring *r, int word, uint64_t value) { __atomic_store_n((uint64_t *)(r->control + word), value, __ATOMIC_RELEASE); }
static uint32_t *word32(struct ring *r, int word) { return (uint32_t *)(r->control + word); }
static uint64_t *header(struct ring *r, uint64_t position) { return (uint64_t *)(r->data + position % capacity); }

static uint32_t state(struct ring *r, int word)
{
    uint32_t value = __atomic_load_n(word32(r, word), __ATOMIC_ACQUIRE);
    if (value > 2) fail(CORRUPT, "a state that cannot be");
    return value;
}

/* ---- sections 4 and 5: sleeping and waking */

static void wake(struct ring *r, int sleep_word) /* after each publication, give-back, change of state */
{
    if (uses_membarrier) __atomic_signal_fence(__ATOMIC_SEQ_CST);
    else __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t *word = word32(r, sleep_word);
    if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0) return;
    uint32_t taken = __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
    if (taken & BY_FUTEX) syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
    if (taken & BY_SOCKET) (void)!send(connection, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void announce(struct ring *r, int sleep_word) { __atomic_store_n(word32(r, sleep_word), sleeps_by, __ATOMIC_RELAXED); }
static void take_down(struct ring *r, int sleep_word) { __atomic_exchange_n(word32(r, sleep_word), 0, __ATOMIC_SEQ_CST); }

static void sleepers_fence(void)
{
    if (!uses_membarrier) __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else check(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0, "membarrier");
}

static void drain(int flags) /* reads and drops what is on the socket, and notes its end */
{
    char bytes[256];
    ssize_t n;
    while ((n = recv(connection, bytes, sizeof bytes, flags)) > 0) { }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) ended = 1;
}

static void *watch(void *unused) /* the end of the socket ends every sleep in a futex */
{
    uint32_t *words[] = { word32(&in, READER_SLEEP), word32(&out, WRITER_SLEEP) };
    while (!ended) drain(0);
    for (int i = 0; i < 2; i++) {
        __atomic_exchange_n(words[i], 0, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, words[i], FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
    }
    return unused;
}

/* ---- section 3: what there is to read, what room there is */

static uint64_t available(void)
{
    if (kind == MESSAGES) return __atomic_load_n(header(&in, in.position), __ATOMIC_ACQUIRE);
    uint64_t tail = load64(&in, TAIL);
    if (tail < in.other || tail - in.position > capacity) fail(CORRUPT, "a tail that cannot be");
    in.other = tail;
    return tail - in.position;
}

static uint64_t room(void)
{
    uint64_t head = load64(&out, HEAD);
    if (head < out.other || head > out.position) fail(CORRUPT, "a head that cannot be");
    out.other = head;
    return capacity - (out.position - head);
}

static void copy_in(uint64_t position, const void *from, uint64_t length)
{
    uint64_t at = position % capacity, first = length < capacity - at ? length : capacity - at;
    memcpy(out.data + at, from, first);
    memcpy(out.data, (const char *)from + first, length - first);
}

static void print(uint64_t position, uint64_t length)
{
    uint64_t at = position % capacity, first = length < capacity - at ? length : capacity - at;
    fwrite(in.data + at, 1, first, stdout);
    fwrite(in.data, 1, length - first, stdout);
}

static void give_back(void) { store64(&in, HEAD, in.position); wake(&in, WRITER_SLEEP); }

static int take(int print_it) /* all that is there; whether there was any */
{
    uint64_t there, before = in.position;
    while ((there = available()) != 0) {
        if (kind == BYTES) {
            if (print_it) print(in.position, there);
            in.position += there;
        } else {
            uint64_t length = there >> 1;
            if (!(there & 1) || length > capacity / 2 - 8) fail(CORRUPT, "a header that cannot be");
            if (print_it) { print(in.position + 8, length); putchar('\n'); }
            in.position += (8 + length + 63) / 64 * 64;
        }
        give_back();
    }
    fflush(stdout);
    return in.position != before;
}

static uint64_t put(const char *from, uint64_t length) /* how much of it went */
{
    uint64_t free = room();
    if (kind == BYTES) {
        if (length > free) length = free;
        if (length == 0) return 0;
        copy_in(out.position, from, length);
        out.position += length;
    } else {
        uint64_t size = (8 + length + 63) / 64 * 64;
        if (size + 64 > free) return UINT64_MAX;
        *header(&out, out.position + size) = 0;
        copy_in(out.position + 8, from, length);
        __atomic_store_n(header(&out, out.position), length << 1 | 1, __ATOMIC_RELEASE);
        out.position += size;
    }
    store64(&out, TAIL, out.position);
    __atomic_store_n(published, *published + (kind == BYTES ? length : 1), __ATOMIC_RELEASE);
    wake(&out, READER_SLEEP);
    return length;
}

/* ---- section 6: ends. Each asks in the order: the socket, the state, the ring */

enum verdict { GO_ON, NOTHING, END, GONE };

static enum verdict look_to_read(void)
{
    int was_ended = ended;
    uint32_t writer = state(&in, WRITER_STATE);
    if (writer == 2) fail(ABORTED, "aborted by the peer");
    if (available() != 0) return GO_ON;
    return writer == 1 ? END : was_ended ? GONE : NOTHING;
}

static enum verdict look_to_write(uint64_t needed)
{
    uint32_t reader = state(&out, READER_STATE);
    if (reader == 2) fail(ABORTED, "aborted by the peer");
    if (ended || reader == 1) return GONE;
    return room() >= needed ? GO_ON : NOTHING;
}

static void half_close(void)
{
    __atomic_store_n(word32(&out, WRITER_STATE), 1, __ATOMIC_RELEASE);
    wake(&out, READER_SLEEP);
}

static void must(enum verdict verdict) { if (verdict == GONE) fail(DIED, "the peer died"); }

static uint64_t needs(uint64_t length) { return kind == BYTES ? 1 : (8 + length + 63) / 64 * 64 + 64; }

/* ---- with futexes: a thread a direction */

static enum verdict look(struct ring *r, uint64_t needed) { return r == &in ? look_to_read() : look_to_write(needed); }

static long futex_wait(struct ring *r, int sleep_word, const struct timespec *limit)
{
    return syscall(SYS_futex, word32(r, sleep_word), FUTEX_WAIT, sleeps_by, limit, NULL, 0);
}

static enum verdict sleep_in_futex(struct ring *r, int sleep_word, uint64_t needed)
{
    const struct timespec until_third_look = { 0, 1000000 };
    announce(r, sleep_word);
    sleepers_fence();
    enum verdict verdict = look(r, needed);
    if (verdict == NOTHING && uses_membarrier) {
        if (futex_wait(r, sleep_word, &until_third_look) == 0 || errno != ETIMEDOUT) return NOTHING;
        verdict = look(r, needed);
    }
    if (verdict != NOTHING) take_down(r, sleep_word);
    else futex_wait(r, sleep_word, NULL);
    return verdict;
}

static void read_all(int print_it)
{
    enum verdict verdict = GO_ON;
    while (verdict != END) {
        take(print_it);
        verdict = sleep_in_futex(&in, READER_SLEEP, 0);
        must(verdict);
    }
}

static void write_one(const char *from, uint64_t length)
{
    uint64_t done = 0;
    do {
        uint64_t n = put(from + done, length - done);
        if (n != UINT64_MAX) done += n;
        if (n == UINT64_MAX || done < length) must(sleep_in_futex(&out, WRITER_SLEEP, needs(length)));
        else break;
    } while (1);
}

static void *write_all(void *unused)
{
    static char chunk[65536];
    ssize_t n;
    if (kind == BYTES) while ((n = read(0, chunk, sizeof chunk)) > 0) write_one(chunk, n);
    else {
        char *line = NULL;
        size_t size = 0;
        while ((n = getline(&line, &size, stdin)) >= 0) write_one(line, n > 0 && line[n - 1] == '\n' ? n - 1 : n);
        free(line);
    }
    half_close();
    return unused;
}

static void talk_by_futex(int reads, int writes)
{
    pthread_t watcher, writer;
    pthread_create(&watcher, NULL, watch, NULL);
    if (writes) pthread_create(&writer, NULL, write_all, NULL);
    else half_close();
    read_all(reads);
    if (writes) pthread_join(writer, NULL);
}

/* ---- by the socket: one thread, one poll */

static int next_line(char *chunk, size_t *held, size_t limit, int *over)
{
    char *end = memchr(chunk, '\n', *held);
    if (end) return end - chunk;
    if (*over) return *held ? (int)*held : -1;
    ssize_t n = read(0, chunk + *held, limit - *held);
    if (n <= 0) *over = 1; else *held += n;
    return -2;
}

static void talk_by_socket(int reads, int writes)
{
    static char chunk[1 << 20];
    size_t held = 0;
    int over = !writes, is_closed = 0, is_read = 0;
    while (!is_closed || !is_read) {
        int did = take(reads);
        int wants = 0, asks = 0; /* wants room; asks standard input */
        uint64_t needed = 0;
        if (!is_closed && kind == BYTES) {
            if (held == 0 && !over) asks = 1;
            if (held > 0) {
                uint64_t n = put(chunk, held);
                memmove(chunk, chunk + n, held -= n);
                did |= n > 0; wants = held > 0; needed = 1;
            } else if (over) { half_close(); is_closed = did = 1; }
        } else if (!is_closed) {
            int length = next_line(chunk, &held, sizeof chunk, &over);
            if (length == -1) { half_close(); is_closed = 1; }
            else if (length >= 0) {
                if (put(chunk, length) == UINT64_MAX) { wants = 1; needed = needs(length); }
                else { size_t used = (size_t)length < held ? (size_t)length + 1 : held; memmove(chunk, chunk + used, held -= used); }
            }
            did |= !wants;
        }
        if (did) continue;

        if (!is_read) announce(&in, READER_SLEEP);
        if (wants) announce(&out, WRITER_SLEEP);
        sleepers_fence();
        enum verdict r = is_read ? NOTHING : look_to_read(), w = wants ? look_to_write(needed) : NOTHING;
        if (r == END) is_read = 1;
        if (r == NOTHING && w == NOTHING && !(is_read && is_closed)) {
            struct pollfd polled[] = { { connection, POLLIN, 0 }, { asks ? 0 : -1, POLLIN, 0 } };
            if (ended) polled[0].fd = -1;
            if (poll(polled, 2, uses_membarrier ? 1 : -1) == 0) { /* the third look */
                r = is_read ? NOTHING : look_to_read();
                w = wants ? look_to_write(needed) : NOTHING;
                if (r == END) is_read = 1;
                if (r == NOTHING && w == NOTHING) poll(polled, 2, -1);
            }
            if (polled[0].revents) drain(MSG_DONTWAIT);
            if (polled[1].revents) {
                ssize_t n = read(0, chunk, sizeof chunk);
                if (n <= 0) over = 1; else held = n;
            }
        }
        take_down(&in, READER_SLEEP);
        take_down(&out, WRITER_SLEEP);
        must(r);
        must(w);
    }
}

/* ---- section 1: meeting */

static void path_of(const char *endpoint, struct sockaddr_un *address)
{
    const char *name = endpoint + 4, *runtime = getenv("XDG_RUNTIME_DIR");
    char folder[80];
    struct stat s;
    address->sun_family = AF_UNIX;
    if (strncmp(endpoint, "shm:", 4) != 0) fail(2, "not an endpoint");
    if (name[0] == '/') { strncpy(address->sun_path, name, sizeof address->sun_path - 1); return; }
    if (!(runtime && runtime[0] == '/' && lstat(runtime, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() && (s.st_mode & 077) == 0)) {
        snprintf(folder, sizeof folder, "/run/user/%u", geteuid());
        runtime = lstat(folder, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() && (s.st_mode & 077) == 0 ? folder : NULL;
    }
    char chosen[4096];
    if (runtime) snprintf(chosen, sizeof chosen, "%s/parley", runtime);
    else if (geteuid() == 0 && faccessat(AT_FDCWD, "/run", W_OK, AT_EACCESS) == 0) strcpy(chosen, "/run/parley-0");
    else snprintf(chosen, sizeof chosen, "/tmp/parley-%u", geteuid());
    mkdir(chosen, 0700);
    check(lstat(chosen, &s) == 0, chosen);
    if (!S_ISDIR(s.st_mode) || s.st_uid != geteuid() || (s.st_mode & 077) != 0) fail(3, "the directory of names lets others in");
    if ((size_t)snprintf(address->sun_path, sizeof address->sun_path, "%s/%s.sock", chosen, name) >= sizeof address->sun_path) fail(3, "too long");
}

static void receive_all(void *to, size_t size, int *descriptors, int *count)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(4 * sizeof(int))]; } control;
    size_t got = 0;
    while (got < size) {
        struct iovec part = { (char *)to + got, size - got };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control };
        ssize_t n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
        if (n <= 0) fail(3, "the peer ended the handshake");
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && descriptors) {
                *count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(descriptors, CMSG_DATA(c), *count * sizeof(int));
            }
        got += n;
    }
}

static void use(const struct welcome *w, int memory, int is_server, uint32_t both)
{
    uint8_t *base = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    check(base != MAP_FAILED, "mmap");
    close(memory);
    capacity = w->capacity;
    uses_membarrier = both & 1;
    struct ring to_server = { base + 1024, base + w->ring0, 0, 0 }, to_client = { base + 2048, base + w->ring1, 0, 0 };
    out = is_server ? to_client : to_server;
    in = is_server ? to_server : to_client;
}

static void check_peer(void)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    check(getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0, "SO_PEERCRED");
    if (peer.uid != geteuid() && peer.uid != 0) fail(3, "another user's");
}

static void shake_as_client(const struct sockaddr_un *address, uint64_t wanted)
{
    struct hello hello = { "PARLEYSM", 1, kind, has_membarrier, wanted, { 0 } };
    memcpy(hello.magic, "PARLEYSM", 8);
    struct welcome w;
    struct ready ready = { "PARLEYOK", 0 };
    struct stat s;
    int memory[4] = { -1, -1, -1, -1 }, count = 0;
    check(connect(connection, (const struct sockaddr *)address, sizeof *address) == 0, "connect");
    check_peer();
    check(send(connection, &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello, "hello");
    receive_all(&w, sizeof w, memory, &count);
    if (memcmp(w.magic, "PARLEYSM", 8) != 0) fail(CORRUPT, "no welcome");
    if (w.status != 0) { fprintf(stderr, "shm_peer: status %u, version %u\n", w.status, w.version); exit(3); }
    if (w.version != 1 || w.kind != kind || count != 1) fail(CORRUPT, "a welcome that cannot be");
    uint64_t page = sysconf(_SC_PAGESIZE);
    if (w.capacity < 4096 || w.capacity > 1 << 30 || (w.capacity & (w.capacity - 1)) != 0 || w.capacity % page != 0
        || w.ring0 % page != 0 || w.ring1 % page != 0 || w.ring0 < 4096 || w.ring1 < 4096
        || w.ring0 > w.size || w.ring1 > w.size || w.size - w.ring0 < w.capacity || w.size - w.ring1 < w.capacity
        || (w.ring0 < w.ring1 ? w.ring1 - w.ring0 : w.ring0 - w.ring1) < w.capacity)
        fail(CORRUPT, "rings that cannot be");
    check(fstat(memory[0], &s) == 0, "fstat");
    int seals = fcntl(memory[0], F_GET_SEALS), needed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if ((uint64_t)s.st_size != w.size || seals < 0 || (seals & needed) != needed) fail(CORRUPT, "memory that can be taken away");
    use(&w, memory[0], 0, has_membarrier & w.features);
    check(send(connection, &ready, sizeof ready, MSG_NOSIGNAL) == sizeof ready, "ready");
}

static void shake_as_server(const struct sockaddr_un *address, const char *endpoint, uint64_t wanted)
{
    struct hello hello;
    struct ready ready;
    int listener = connection;
    unlink(address->sun_path);
    check(bind(listener, (const struct sockaddr *)address, sizeof *address) == 0 && listen(listener, 5) == 0, "bind");
    fprintf(stderr, "listening on %s\n", endpoint);
    connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    check(connection >= 0, "accept");
    unlink(address->sun_path);
    close(listener);
    check_peer();
    receive_all(&hello, sizeof hello, NULL, NULL);
    if (memcmp(hello.magic, "PARLEYSM", 8) != 0 || hello.version != 1) fail(CORRUPT, "no hello");
    struct welcome w = { .version = 1, .kind = hello.kind, .features = has_membarrier };
    memcpy(w.magic, "PARLEYSM", 8);
    if (hello.kind != kind) {
        struct welcome refused = { .version = 1, .status = 2 };
        memcpy(refused.magic, "PARLEYSM", 8);
        (void)!send(connection, &refused, sizeof refused, MSG_NOSIGNAL);
        fail(3, "the client asks for another kind");
    }
    w.capacity = hello.capacity ? hello.capacity : wanted ? wanted : 65536;
    w.ring0 = 65536;
    w.ring1 = w.ring0 + w.capacity;
    w.size = w.ring1 + w.capacity;
    int memory = memfd_create("shm_peer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    check(memory >= 0 && ftruncate(memory, w.size) == 0, "memfd_create");
    check(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0, "F_ADD_SEALS");
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control = { 0 };
    struct iovec part = { &w, sizeof w };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control };
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &memory, sizeof memory);
    check(sendmsg(connection, &message, MSG_NOSIGNAL) == sizeof w, "welcome");
    receive_all(&ready, sizeof ready, NULL, NULL);
    if (memcmp(ready.magic, "PARLEYOK", 8) != 0) fail(CORRUPT, "no ready");
    use(&w, memory, 1, has_membarrier & hello.features);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = { 0 };
    uint64_t wanted = 0;
    int option, listens = 0;
    alarm(120);
    while ((option = getopt(argc, argv, "lfmc:p:")) != -1) {
        if (option == 'l') listens = 1;
        else if (option == 'f') sleeps_by = BY_FUTEX;
        else if (option == 'm') has_membarrier = 1;
        else if (option == 'c') wanted = strtoull(optarg, NULL, 10);
        else if (option == 'p') {
            int file = open(optarg, O_RDWR | O_CLOEXEC);
            published = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            check(published != MAP_FAILED, optarg);
        } else return 2;
    }
    if (argc - optind != 2) return 2;
    const char *what = argv[optind + 1];
    kind = strcmp(what, "bytes") == 0 ? BYTES : MESSAGES;
    if (has_membarrier) check(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0, "membarrier");
    path_of(argv[optind], &address);
    connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listens) shake_as_server(&address, argv[optind], wanted);
    else shake_as_client(&address, wanted);

    int reads = strcmp(what, "send") != 0, writes = strcmp(what, "receive") != 0;
    if (sleeps_by == BY_FUTEX) talk_by_futex(reads, writes);
    else talk_by_socket(reads, writes);

    /* Close: everything was said and heard by both. */
    __atomic_store_n(word32(&in, READER_STATE), 1, __ATOMIC_RELEASE);
    wake(&in, WRITER_SLEEP);
    return 0;
}
