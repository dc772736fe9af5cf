using Microsoft.Extensions.Logging;

namespace Parley;

/// <summary>How a connection is made and how it behaves. Copied and checked when it is used: later changes have no effect.</summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public class ConnectionOptions
{
    /// <summary>
    /// How long connecting may take in all, name look-up and every address included. Default 30 s;
    /// <see cref="Timeout.InfiniteTimeSpan"/> waits as long as the system does.
    /// </summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many further tries follow a first one that found nobody (refused, not found, unreachable, timed out), or no queue of that name; <see cref="int.MaxValue"/> for any
    /// number. Default 0.
    /// </summary>
    public int RetryCount { get; set; }

    /// <summary>
    /// The pause before the first further try; each one after it is twice as long, up to 5 s, and every pause is drawn between
    /// half of that and the whole, so that many clients do not come back in step. Default 100 ms.
    /// </summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// A connection over which no byte has moved in either direction for so long is broken off with
    /// <see cref="Reason.TimedOut"/>; in shared memory a channel of messages over which no message has. Who waits finds out; of messages up to a quarter of that time
    /// later, for none is timed, and time in which this process was stopped does not count. Default <see cref="Timeout.InfiniteTimeSpan"/>: never.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// A peer that takes none of the bytes written to it, or of the messages in shared memory, for so long while a call waits for that, is broken off with
    /// <see cref="Reason.TimedOut"/>; of messages that is found out up to a quarter of that time later, and time in which this process was stopped does not count. For TCP the
    /// kernel is told as well (TCP_USER_TIMEOUT). Default <see cref="Timeout.InfiniteTimeSpan"/> for a connection that is made,
    /// 60 s (what web servers use) for one that is accepted.
    /// </summary>
    public TimeSpan WriteTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long a graceful dispose waits for the peer to take what was written and to end its side. Default 10 s.
    /// </summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Which ways bytes go. Needed for a single FIFO, which goes one way; other channels go both ways whatever it says. Default
    /// <see cref="ConnectionDirection.Both"/>.
    /// </summary>
    public ConnectionDirection Direction { get; set; }

    /// <summary>
    /// Whether a single FIFO that is read stays open when its last writer has gone: the next writer is read too, and the end never comes.
    /// Connecting then waits for no writer, since none is needed. Other channels, pairs of FIFOs and sending ignore it. Default
    /// <see langword="false"/>: the end comes with the last writer's.
    /// </summary>
    public bool FollowWriters { get; set; }

    /// <summary>
    /// How many bytes the ring of each direction holds in shared memory (<c>shm:</c>): a power of two, 4096 to 1 GiB, raised to a page of the
    /// system's. A listener's is the most that its clients get, a client's is what it asks for. Default <see langword="null"/>: for a
    /// listener 2 MiB, of messages 1 MiB, for a client what the listener gives. Memory is taken as it is first used. From 4 MiB on the system is asked for huge pages, which it gives where
    /// <c>/sys/kernel/mm/transparent_hugepage/shmem_enabled</c> says <c>advise</c> or more; mostly it says <c>never</c>.
    /// </summary>
    public int? RingSize { get; set; }

    /// <summary>
    /// Whether the peer of a named pipe (<c>pipe:</c>) or of shared memory (<c>shm:</c>) may be any user's, and not only this user's or root's. Each side decides
    /// for itself. The file of the listener's socket must let the other user in as well: its permissions (<see cref="ListenerOptions.UnixSocketMode"/>; where there is no such option, a change of them), and
    /// those of its directory; so shared memory needs a path then (<c>shm:/path</c>), for the directory of names is closed to others. Who is let in can
    /// write anything into the shared memory at any time. Default <see langword="false"/>.
    /// </summary>
    public bool AllowOtherUsers { get; set; }

    /// <summary>
    /// Whom this side talks to: for a listener its clients, for a side that connects the one who listens there. Clients are looked at right after they are
    /// accepted, a server after connecting and before a byte is sent, its address even before that; certificates in the handshake. A refused client is broken off, and counted
    /// (<see cref="ConnectionListener.Statistics"/>); a refused server is a failure with <see cref="Reason.Denied"/>. A rule that cannot be answered at an endpoint
    /// throws <see cref="ArgumentException"/>, and so do rules at an endpoint where nothing is known of the peer. Default <see langword="null"/>: whoever the channel lets in.
    /// </summary>
    public AccessRules? AccessRules { get; set; }

    /// <summary>
    /// Whether code that awaits a connection goes on directly on the thread that found it ready, instead of on the thread pool.
    /// It saves a thread switch (2 to 5 µs) a wait, and is right only for code that never blocks: while it runs, no other
    /// connection of the process is looked at. Default <see langword="false"/>.
    /// </summary>
    public bool RunContinuationsInline { get; set; }

    /// <summary>
    /// Who this side is and whom it trusts, for <c>tls:</c> endpoints; others ignore it. Default <see langword="null"/>: a client trusts the
    /// authorities of the system, and a listener, which needs a certificate, is refused.
    /// </summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>Sees every system call of the conversation. Default <see langword="null"/>: costs nothing.</summary>
    public CallObserver? CallObserver { get; set; }

    /// <summary>Where to log. Default <see langword="null"/>: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    internal ConnectionOptions Snapshot()
    {
        var copy = (ConnectionOptions)MemberwiseClone();
        copy.Tls = Tls?.Snapshot();
        copy.Validate();
        return copy;
    }

    private protected virtual void Validate()
    {
        CheckTimeout(ConnectTimeout, nameof(ConnectTimeout));
        CheckTimeout(IdleTimeout, nameof(IdleTimeout));
        CheckTimeout(WriteTimeout, nameof(WriteTimeout));
        CheckTimeout(CloseTimeout, nameof(CloseTimeout));
        if (!Enum.IsDefined(Direction))
            throw new ArgumentOutOfRangeException(nameof(Direction), Direction, "There is no such direction.");
        if (RingSize is int size && (size < 4096 || size > 1 << 30 || !int.IsPow2(size)))
            throw new ArgumentOutOfRangeException(nameof(RingSize), size, "A ring has a power of two of bytes, from 4096 to 1 GiB.");
        ArgumentOutOfRangeException.ThrowIfNegative(RetryCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
    }

    internal static void CheckTimeout(TimeSpan value, string name)
    {
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value.TotalMilliseconds > int.MaxValue))
            throw new ArgumentOutOfRangeException(name, value, "A timeout is more than zero and at most 24 days, or Timeout.InfiniteTimeSpan.");
    }
}
