using System.Diagnostics;
using System.Runtime.CompilerServices;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// One conversation: the socket that says whether the peer is there, and the segment. On the socket come wakes, which the loop takes and drops.
/// </summary>
internal sealed unsafe partial class SharedMemoryLink : IWaiter
{
    private readonly Segment _segment;
    private readonly Lock _lock = new();
    private Readiness _readerWake;
    private Readiness _writerWake;
    private ISegmentUser? _reader;
    private ISegmentUser? _writer;
    private volatile bool _hasEnded;
    private volatile bool _isEnding;
    private volatile bool _isClosed;
    private volatile bool _mayRelease;
    private bool _isUnmapped;

    /// <param name="socket">The socket after its handshake. The link's from now on.</param>
    /// <param name="segment">The segment. The link's from now on.</param>
    /// <param name="isServer">Whether this side listened: it writes ring 1.</param>
    /// <param name="kind">What was agreed on.</param>
    /// <param name="usesMembarrier">Whether both sides have the feature.</param>
    internal SharedMemoryLink(DescriptorConnection socket, Segment segment, bool isServer, LinkKind kind, bool usesMembarrier)
    {
        Socket = socket;
        _segment = segment;
        Kind = kind;
        IsServer = isServer;
        UsesMembarrier = usesMembarrier;
        Outgoing = segment.Ring(isServer ? 1 : 0);
        Incoming = segment.Ring(isServer ? 0 : 1);
        bool inline = socket.Options.RunContinuationsInline;
        _readerWake = new Readiness(socket.ReadDescriptor.Loop, inline);
        _writerWake = new Readiness(socket.ReadDescriptor.Loop, inline);
    }

    internal RingMemory Outgoing { get; }

    internal RingMemory Incoming { get; }

    /// <summary>Endpoints, credentials, options. It is closed by <see cref="Close"/> alone.</summary>
    internal DescriptorConnection Socket { get; }

    internal LinkKind Kind { get; }

    internal bool IsServer { get; }

    /// <summary>Whether both sides have the feature.</summary>
    internal bool UsesMembarrier { get; }

    internal bool NeedsPublisherFence => !UsesMembarrier;

    /// <summary>
    /// After how many ticks a sleeper that relies on <see cref="Membarrier"/> looks once more. A store waits in a processor's buffer for
    /// microseconds, behind others that wait for their lines; a millisecond is hundreds of times that, and short enough for the one message that would come so late.
    /// </summary>
    internal long ThirdLookAfter { get; init; } = Stopwatch.Frequency / 1000;

    /// <summary>The socket has ended: the peer is gone, or this side has closed.</summary>
    internal bool HasEnded => _hasEnded;

    /// <summary>Something is over, here or there, and is to be looked at: one look for a call that otherwise has nothing to ask.</summary>
    internal bool IsEnding
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _isEnding;
    }

    /// <summary>This side has closed: the segment must not be touched but by those that were inside before.</summary>
    internal bool IsClosed => _isClosed;

    /// <summary>
    /// For waits without a thread. The order is: forget, look, announce, fence, look again, wait. Signalled for every wake, whomever it is meant
    /// for, and when the socket ends; closed by <see cref="Close"/>.
    /// </summary>
    internal Readiness ReaderWake => Volatile.Read(ref _readerWake);

    internal Readiness WriterWake => Volatile.Read(ref _writerWake);

    internal EventLoop Loop => Socket.ReadDescriptor.Loop;

    /// <summary>Whoever uses it is over, for a reason of its own.</summary>
    internal void NoteEnding() => _isEnding = true;

    /// <summary>Begins to use the segment.</summary>
    internal void AddReader(ISegmentUser reader) => Volatile.Write(ref _reader, reader);

    internal void AddWriter(ISegmentUser writer) => Volatile.Write(ref _writer, writer);

    /// <summary>The fence of who has announced that it sleeps (section 5).</summary>
    internal void Fence()
    {
        if (UsesMembarrier)
            Membarrier.Run();
        else
            Interlocked.MemoryBarrier();
    }

    /// <summary>Takes the other side's sleep word down and wakes it by what was there (section 4). The caller has fenced and found it set.</summary>
    /// <param name="sleepWord">The word.</param>
    /// <param name="wakeCounter">This side's count of wakes.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Wake(uint* sleepWord, ulong* wakeCounter)
    {
        uint bits = TakeDown(sleepWord);
        if (bits == 0)
            return;
        Volatile.Write(ref *wakeCounter, *wakeCounter + 1);
        if ((bits & SharedLayout.SleepsInFutex) != 0)
            Futex.WakeAll(sleepWord);
        if ((bits & SharedLayout.SleepsOnSocket) != 0)
            SendWake();
    }

    /// <summary>Sleeps while the word has the value. May return for no reason: the caller looks again.</summary>
    internal static void FutexWait(uint* word, uint expected, TimeSpan? timeout) => Futex.Wait(word, expected, timeout);

    private static uint TakeDown(uint* word) => Interlocked.Exchange(ref *word, 0);

    private void SendWake()
    {
        try
        {
            // What it returns says nothing new: a full socket has wakes enough in it, and the end of a broken one the loop sees.
            Socket.Transmit([0], moreFollows: false);
        }
        catch (ObjectDisposedException)
        {
            // Closed by another thread meanwhile, which wakes the peer too.
        }
    }
}
