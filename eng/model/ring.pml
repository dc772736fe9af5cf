/*
 * One direction of docs/shared-memory-protocol.md: a writer, a reader, and what can go wrong between them. The states are those of
 * its section 7. check.sh runs every variant, and README.md says what is checked and what is left out.
 *
 *   KIND 1 bytes, 2 messages           MEMBARRIER  the publisher leaves its fence to the sleeper, whose call may miss it (section 5)
 *   BREAK_x                            leaves a rule of the protocol out: the checker must find what it is for
 */
#ifndef KIND
#define KIND 2
#endif
#ifndef MESSAGES
#define MESSAGES 4                      /* of kind 1: bytes */
#endif
#ifndef KILL
#define KILL 0                          /* who may be killed: 0 nobody, 1 the writer, 2 the reader */
#endif
#define LINES 3                         /* the ring: lines of 64 bytes, or bytes; the least that takes a record of two and the next header */

#define W 0
#define R 1
#define other(p) (1 - (p))

/* The shared words. A header: 0 nothing, else the lines that its record takes. JUNK is what a message's bytes look like as one. */
#define HEADER(p) ((p) % LINES)
#define BODY(p) (LINES + (p) % LINES)
#define HEAD (2 * LINES)
#define TAIL (2 * LINES + 1)
#define WRITER_STATE (2 * LINES + 2)
#define READER_STATE (2 * LINES + 3)
#define SLEEP(p) (2 * LINES + 4 + (p))
#define WORDS (2 * LINES + 6)
#define JUNK 9

#define OPEN 0
#define CLOSED 1
#define ABORTED 2
#define FUTEX 1
#define SOCKET 2

mtype = { Looking, Announced, Asleep, Published, GaveBack, Waking, Closed, Dead };
mtype state[2] = Looking;

byte memory[WORDS];

/*
 * Each side's store buffer: two stores that the other does not see yet. The younger may become visible first, unless it is a release
 * or of the same word. A load finds its own side's stores. (On x86-64 no store passes an older one; arm64 is like this.)
 */
#define EMPTY 255
byte oldWord[2] = EMPTY, oldValue[2], newWord[2] = EMPTY, newValue[2];
bool newReleases[2];

#define drained(p) (oldWord[p] == EMPTY)
#define load(p, word) (newWord[p] == (word) -> newValue[p] : (oldWord[p] == (word) -> oldValue[p] : memory[word]))

inline storeAs(p, word, value, releases) {
    atomic {
        newWord[p] == EMPTY;
        if
        :: oldWord[p] == EMPTY -> oldWord[p] = word; oldValue[p] = value
        :: else -> newWord[p] = word; newValue[p] = value; newReleases[p] = releases
        fi
    }
}

inline storePlain(p, word, value) { storeAs(p, word, value, false) }

#ifdef BREAK_RELEASE
inline storeRelease(p, word, value) { storeAs(p, word, value, false) }
#else
inline storeRelease(p, word, value) { storeAs(p, word, value, true) }
#endif

#ifdef MEMBARRIER
byte before[2];                         /* how many of a side's stores are in its buffer that were made before the other's announcement was seen */
bool hasLooked[2];                      /* the third look was made, or is about to be, under the announcement that stands */
#define inBuffer(p) (newWord[p] != EMPTY -> 2 : (oldWord[p] != EMPTY -> 1 : 0))
#define olderShown(p) before[p] = (before[p] > 0 -> before[p] - 1 : 0)
#define youngerShown(p) before[p] = (before[p] == 2 -> 1 : before[p])
#else
#define olderShown(p) skip
#define youngerShown(p) skip
#endif

inline showOldest(p) {
    olderShown(p);
    memory[oldWord[p]] = oldValue[p];
    oldWord[p] = newWord[p]; oldValue[p] = newValue[p];
    newWord[p] = EMPTY; newValue[p] = 0; newReleases[p] = false;
    if :: oldWord[p] == EMPTY -> oldValue[p] = 0 :: else fi
}

/* The kernel: who has ended, who is in FUTEX_WAIT, whether wakes are in the socket. And each side's event loop, which has seen the end. */
bool gone[2];
bool inFutex[2];
bool wakes[2];
bool sawEnd[2];

bool killed[2];

/* What has happened, for the assertions. */
byte published;                         /* messages or bytes */
byte received;
bool readerWent;                        /* closed, aborted or dead */

/* A compiler's fence is there in any case; `else` is the fence of the processor. */
inline fencePublisher(p) {
#if defined(MEMBARRIER) || defined(BREAK_PUBLISHER_FENCE)
    skip
#else
    drained(p)
#endif
}

inline fenceSleeper(p) {
#if defined(BREAK_SLEEPER_FENCE)
    skip
#else
    drained(p)
#endif
}

/* After a publication, a give-back or a change of state of p: wake the other side, if it sleeps. */
inline wakeOther(p, taken) {
    fencePublisher(p);
    if
    :: load(p, SLEEP(other(p))) == 0
    :: else ->
        atomic {
            drained(p) -> taken = memory[SLEEP(other(p))]; memory[SLEEP(other(p))] = 0;
            state[p] = Waking
        }
        if
        :: taken == FUTEX -> inFutex[other(p)] = false
        :: taken == SOCKET -> wakes[other(p)] = true        /* one that the socket does not take is not missed */
        :: taken == 0
        fi
    fi;
    taken = 0
}

inline takeOwnDown(p) {
    atomic {
        drained(p) -> memory[SLEEP(p)] = 0; state[p] = Looking;
#ifdef MEMBARRIER
        hasLooked[p] = false
#endif
    }
}

/* How it sleeps stays as it was where only the time of its sleep was over. */
inline announce(p, how) {
    if :: how == 0 -> if :: how = FUTEX :: how = SOCKET fi :: else fi;
#ifdef MEMBARRIER
    atomic {
        drained(p);
#ifndef BREAK_STANDS
        hasLooked[p] = hasLooked[p] && memory[SLEEP(p)] == how;
#endif
        memory[SLEEP(p)] = how;
        state[p] = Announced;
        if :: !hasLooked[p] -> before[other(p)] = inBuffer(other(p)) :: else fi
    };
    if :: drained(other(p)) :: true fi                      /* the other's processor is interrupted, or left out */
#else
    storePlain(p, SLEEP(p), how);
    state[p] = Announced;
    fenceSleeper(p)
#endif
}

/* A millisecond, in which what was in the other's buffer has become visible. */
#if defined(MEMBARRIER) && !defined(BREAK_THIRD_LOOK)
#ifdef BREAK_MILLISECOND
#define timeIsOver(p) (!hasLooked[p])
#else
#define timeIsOver(p) (!hasLooked[p] && before[other(p)] == 0)
#endif
#ifdef BREAK_SLEEP_WITHOUT_END
#define noteTime(p) skip
#else
#define noteTime(p) hasLooked[p] = true
#endif
#else
#define timeIsOver(p) false
#define noteTime(p) skip
#endif

inline fallAsleep(p, how) {
    if
    :: how == FUTEX ->
        atomic {
            drained(p);                                     /* the system call */
            if
            :: memory[SLEEP(p)] == how -> inFutex[p] = true; state[p] = Asleep
            :: else
            fi
        }
        if
        :: atomic { !inFutex[p] -> how = 0 }
        :: atomic { inFutex[p] && timeIsOver(p) -> inFutex[p] = false; noteTime(p) }
        fi
    :: how == SOCKET ->
        state[p] = Asleep;
        if
        :: atomic { wakes[p] || sawEnd[p] -> wakes[p] = false; how = 0 }
        :: atomic { !wakes[p] && !sawEnd[p] && timeIsOver(p) -> noteTime(p) }
        fi
    fi;
    state[p] = Looking
}

/* What the kernel does for a process that ends, killed or not: its stores are seen, then its end. */
inline leave(p) {
    atomic {
        do
        :: oldWord[p] != EMPTY -> showOldest(p)
        :: else -> break
        od;
        state[p] = Dead;
        gone[p] = true
    }
}

#if KIND == 2
#define room(position, lines, head) ((position) + (lines) + NEXT - (head) <= LINES)
#else
#define room(position, bytes, head) ((position) + (bytes) - (head) <= LINES)
#endif
#ifdef BREAK_ROOM_FOR_NEXT
#define NEXT 0
#else
#define NEXT 1
#endif

proctype Writer() {
    byte position, head, size, how, taken;
    bool peerWent;

    {
    do
    :: published == MESSAGES -> break
    :: published < MESSAGES ->
        if :: size = 1 :: published + 2 <= MESSAGES || KIND == 2 -> size = 2 fi;

        do                                                  /* waits for room */
        :: atomic { room(position, size, head) -> break }
        :: atomic { else -> head = load(W, HEAD) };
            if
            :: room(position, size, head)
            :: else ->
                announce(W, how);
#ifndef BREAK_SECOND_LOOK
                peerWent = sawEnd[W] || load(W, READER_STATE) != OPEN;
                head = load(W, HEAD);
                if
                :: peerWent || room(position, size, head) -> takeOwnDown(W); how = 0
                :: else -> fallAsleep(W, how)
                fi;
#else
                fallAsleep(W, how);
                peerWent = sawEnd[W] || load(W, READER_STATE) != OPEN;
#endif
                if :: peerWent -> goto told :: else fi
            fi
        od;
        if :: how != 0 -> takeOwnDown(W); how = 0 :: else fi;

#if KIND == 2
#ifndef BREAK_NEXT_ZEROED
        storePlain(W, HEADER(position + size), 0);
#endif
        if :: size == 2 -> storePlain(W, HEADER(position + 1), JUNK) :: else fi;
        storePlain(W, BODY(position + size - 1), published + 1);
        atomic { storeRelease(W, HEADER(position), size); published++; state[W] = Published };
#else
        storePlain(W, BODY(position), published + 1);
        if :: size == 2 -> storePlain(W, BODY(position + 1), published + 2) :: else fi;
        atomic { storeRelease(W, TAIL, position + size); published = published + size; state[W] = Published };
#endif
        position = position + size;
        size = 0;
        wakeOther(W, taken);
        state[W] = Looking
    od;

    if
    :: storeRelease(W, WRITER_STATE, CLOSED)
    :: storeRelease(W, WRITER_STATE, ABORTED)
    fi;
    state[W] = Closed;
    wakeOther(W, taken);
    goto done;

told:
    assert(readerWent);                                     /* nothing else ends a writer's wait but room */
done:
    skip
    } unless { killed[W] };
    leave(W)
}

#if KIND == 2
#define there(position) (load(R, HEADER(position)) != 0)
#else
#define there(position) (load(R, TAIL) != (position))
#endif

inline giveBack() {
    storeRelease(R, HEAD, position);
    givenBack = position;
    state[R] = GaveBack;
    wakeOther(R, taken);
    state[R] = Looking
}

proctype Reader() {
    byte position, givenBack, size, how, taken, writerState;
    bool found, ended;

    {
    do
    :: atomic { there(position) ->
#if KIND == 2
            size = load(R, HEADER(position));
            assert(size == 1 || size == 2) };               /* never a header of before, nor bytes */
        assert(load(R, BODY(position + size - 1)) == received + 1);
        received++;
        position = position + size;
#else
            size = load(R, TAIL);
            assert(size > position && size - givenBack <= LINES) };
        do
        :: position < size ->
            assert(load(R, BODY(position)) == received + 1);
            received++;
            position++
        :: position == size -> break
        od;
#endif
        size = 0;
        if :: how != 0 -> takeOwnDown(R); how = 0 :: else fi;
        if                                                  /* late, at any threshold */
        :: giveBack()
        :: skip
        :: atomic { storeRelease(R, READER_STATE, CLOSED); readerWent = true }; goto wentFirst
        :: atomic { storeRelease(R, READER_STATE, ABORTED); readerWent = true }; goto wentFirst
        fi

    :: atomic { else -> skip };
#ifndef BREAK_GIVING_BACK
        if :: givenBack != position -> giveBack() :: else fi;
#endif
        announce(R, how);

#ifdef BREAK_SECOND_LOOK
        fallAsleep(R, how);
#endif
        /* The order matters: what was published before the end is seen after it. */
#if defined(BREAK_LAST_LOOK)
        found = there(position); ended = sawEnd[R]; writerState = load(R, WRITER_STATE);
#elif defined(BREAK_END_BEFORE_STATE)
        writerState = load(R, WRITER_STATE); ended = sawEnd[R]; found = there(position);
#else
        ended = sawEnd[R]; writerState = load(R, WRITER_STATE); found = there(position);
#endif
        if
        :: found || ended || writerState != OPEN ->
            takeOwnDown(R);
            how = 0;
            if
            :: writerState == ABORTED -> goto done
            :: else ->
                if
                :: found
                :: !found && writerState == CLOSED -> assert(received == published); goto done
                :: !found && writerState == OPEN -> assert(ended && killed[W] && received == published); goto done
                fi
            fi
        :: else ->
#ifndef BREAK_SECOND_LOOK
            fallAsleep(R, how)
#endif
        fi;
        found = false; ended = false; writerState = 0
    od;

wentFirst:
    state[R] = Closed;
    wakeOther(R, taken);
done:
    skip
    } unless { killed[R] -> readerWent = true };
    readerWent = true;
    leave(R)
}

/* Who watches the socket in each process: told of the end, it ends the waits of its own side. */
proctype Watcher(byte p) {
    gone[other(p)];
    sawEnd[p] = true;
#ifndef BREAK_WATCHER
    atomic { memory[SLEEP(p)] = 0; }
#endif
    inFutex[p] = false
}

proctype StoreBuffers() {
end:
    do
    :: atomic { oldWord[W] != EMPTY -> showOldest(W) }
    :: atomic { oldWord[R] != EMPTY -> showOldest(R) }
    :: atomic { newWord[W] != EMPTY && !newReleases[W] && newWord[W] != oldWord[W] ->
        youngerShown(W); memory[newWord[W]] = newValue[W]; newWord[W] = EMPTY; newValue[W] = 0 }
    :: atomic { newWord[R] != EMPTY && !newReleases[R] && newWord[R] != oldWord[R] ->
        youngerShown(R); memory[newWord[R]] = newValue[R]; newWord[R] = EMPTY; newValue[R] = 0 }
    od
}

/* kill -9 of one of the two, or of none, at any point. */
proctype Killer() {
    if
#if KILL == 1
    :: killed[W] = true
#elif KILL == 2
    :: killed[R] = true
#endif
    :: skip
    fi
}

init {
    atomic {
        run Writer(); run Reader(); run Watcher(W); run Watcher(R); run StoreBuffers(); run Killer()
    }
}
