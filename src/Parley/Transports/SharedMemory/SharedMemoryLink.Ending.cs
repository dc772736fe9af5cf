using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

internal sealed unsafe partial class SharedMemoryLink
{
    // Enough for every wake that a socket's buffer holds; who sends more is read on in the loop's next round, after everybody else.
    private const int MostWakesATurn = 4096;

    /// <summary>Whether the memory is given back.</summary>
    internal bool IsUnmapped => Volatile.Read(ref _isUnmapped);

    /// <summary>Begins to watch the socket.</summary>
    /// <exception cref="ConnectionException">The kernel cannot watch one more; nothing is closed.</exception>
    internal void Start()
    {
        Descriptor descriptor = Socket.ReadDescriptor;
        if (!descriptor.EnsureWatched())
            throw Socket.OverFailure(Step.Handshake);

        // An edge may have come already, with the handshake or after it: the deadline, which is now, has the loop look.
        while (!descriptor.Readable.TryBegin(Clock.FromNow(TimeSpan.Zero), this, out _, CancellationToken.None))
        {
        }
    }

    /// <summary>
    /// Ends every wait there is, and lets the caller, who is closing, wait undisturbed by those whose waits were ended: they may not have taken
    /// their result yet.
    /// </summary>
    internal void TakeOver()
    {
        bool inline = Socket.Options.RunContinuationsInline;
        Interlocked.Exchange(ref _readerWake, new Readiness(Loop, inline)).Close();
        Interlocked.Exchange(ref _writerWake, new Readiness(Loop, inline)).Close();
        if (!_isClosed)
            return;

        // Closed by another thread meanwhile, which may have met those that were there before.
        ReaderWake.Close();
        WriterWake.Close();
    }

    /// <summary>
    /// Closes the socket, which tells the peer, and wakes everybody on this side. The segment is unmapped as soon as nobody uses it. Closing again
    /// does nothing. From any thread, also from inside a call.
    /// </summary>
    /// <param name="reason">What the socket's connection is told.</param>
    internal void Close(Exception? reason = null)
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _hasEnded = _isEnding = true;
            _isClosed = true;
            WakeOwnThreads();
        }

        Socket.Abort(reason);
        ReaderWake.Close();
        WriterWake.Close();

        // For all that are inside: from here on they see that it is closed, or it is seen that they are inside.
        Interlocked.MemoryBarrierProcessWide();
        _mayRelease = true;
        ReleaseIfUnused();
    }

    /// <summary>Tells the peer by both states that nothing that is still in the rings counts, and closes.</summary>
    /// <param name="reason">What the socket's connection is told.</param>
    internal void Abort(Exception? reason = null)
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            Volatile.Write(ref *(uint*)(Outgoing.Control + SharedLayout.WriterState), SharedLayout.Aborted);
            Volatile.Write(ref *(uint*)(Incoming.Control + SharedLayout.ReaderState), SharedLayout.Aborted);
            Interlocked.MemoryBarrier();
            WakeThreads((uint*)(Outgoing.Control + SharedLayout.ReaderSleep));
            WakeThreads((uint*)(Incoming.Control + SharedLayout.WriterSleep));
        }

        // Its end wakes those that wait for the socket.
        Close(reason);
    }

    /// <summary>Unmaps the segment of a closed link that nobody uses. Whoever stops using it calls this, if the link is closed.</summary>
    internal void ReleaseIfUnused()
    {
        Interlocked.MemoryBarrier();
        if (!_mayRelease || Volatile.Read(ref _reader) is { UsesSegment: true } || Volatile.Read(ref _writer) is { UsesSegment: true })
            return;
        lock (_lock)
        {
            if (_isUnmapped)
                return;
            _isUnmapped = true;
            _segment.Dispose();
        }
    }

    /// <summary>The loop has seen something on the socket. On the loop's thread.</summary>
    bool IWaiter.TryFinish() => TakeWakes();

    bool IWaiter.IsTooLate(out long due)
    {
        due = Deadline.Never;
        return TakeWakes();
    }

    /// <summary>Drops the wakes that are there, and wakes those who wait for the socket.</summary>
    /// <returns>Whether the socket has ended.</returns>
    private bool TakeWakes()
    {
        Span<byte> wakes = stackalloc byte[MostWakesATurn];
        nint count;
        try
        {
            count = Socket.Receive(wakes);
        }
        catch (ObjectDisposedException)
        {
            return true;
        }

        if (count == 0 || (count < 0 && count != -Errno.EAGAIN))
        {
            NoteEnd();
            return true;
        }

        // A read that stops short has left something only where the peer sent descriptors, which says it is not one of ours, or its end.
        if (count == wakes.Length || (count > 0 && Socket.ReadDescriptor.MayHaveEnded))
            Socket.ReadDescriptor.Loop.SignalInNextRound(Socket.ReadDescriptor.Readable);
        ReaderWake.Signal();
        WriterWake.Signal();
        return false;
    }

    private void NoteEnd()
    {
        _hasEnded = _isEnding = true;
        lock (_lock)
        {
            if (!_isUnmapped)
                WakeOwnThreads();
        }

        ReaderWake.Signal();
        WriterWake.Signal();
    }

    // The word is taken down first: a thread that has announced itself and not gone to sleep yet then does not. Exchanging is a fence, so
    // that a thread which announces itself later finds what was set before.
    private void WakeOwnThreads()
    {
        WakeThreads((uint*)(Incoming.Control + SharedLayout.ReaderSleep));
        WakeThreads((uint*)(Outgoing.Control + SharedLayout.WriterSleep));
    }

    // Whatever the word was: a peer that was killed, or stopped, in Waking has taken it down, and will not wake who sleeps.
    internal static void WakeThreads(uint* word)
    {
        TakeDown(word);
        Futex.WakeAll(word);
    }
}
