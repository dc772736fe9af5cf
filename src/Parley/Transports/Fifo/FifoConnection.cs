using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>One end of a FIFO, or of two. What is missing is at its end from the beginning.</summary>
internal sealed class FifoConnection : DescriptorConnection
{
    private const int NotBegun = 0;
    private const int Asked = 1;
    private const int Over = 2;

    private readonly FifoEndPoint _endPoint;
    private readonly DescriptorHandle? _kept;
    private readonly Lock _leaving = new();
    private long _lost;
    private int _leavingStep;

    internal FifoConnection(
        FifoEndPoint endPoint, ConnectionDirection ways, DescriptorHandle? read, DescriptorHandle? write, DescriptorHandle? kept, ConnectionOptions options)
        : this(endPoint, ways, read is null ? null : Watchable(read, options), write is null ? null : Watchable(write, options), options)
        => _kept = kept;

    private FifoConnection(FifoEndPoint endPoint, ConnectionDirection ways, Descriptor? read, Descriptor? write, ConnectionOptions options)
        : base(read ?? write!, write ?? read!, options)
    {
        _endPoint = endPoint;
        ReceivesOnly = ways == ConnectionDirection.ReceiveOnly;
        PeerEnded = ways == ConnectionDirection.SendOnly;
    }

    public override EndPoint? LocalEndPoint => _endPoint;

    public override EndPoint? RemoteEndPoint => _endPoint;

    /// <summary>Told right before and right after the end that is written is closed: from then on nothing tells whether somebody reads.</summary>
    internal FifoReaders? Readers { get; set; }

    /// <summary>The end comes with that of the last writer, where one writer after the other was followed: at once where none is there.</summary>
    internal void StopFollowing() => _kept?.Dispose();

    internal override bool ReadsFromPipe => true;

    internal override bool WritesToPipe => true;

    // Closing one is how a FIFO's end is told: the descriptor's own close is shown.
    internal override void ObserveEndOfWrites(long started, int outcome)
    {
    }

    internal override int EndWrites()
    {
        // The peer sees the end when it has read what is before it, so an end that is held back until then comes no later to it. Closed
        // before, nobody could tell any more whether those bytes were read or thrown away.
        if (!ReceivesOnly && !TryFinishEnd())
            new FifoEnd(this).Start();
        return 0;
    }

    /// <summary>Closes the end that is written once it is empty, or nobody is left who could read what is in it.</summary>
    /// <returns>Whether it is closed.</returns>
    internal bool TryFinishEnd()
    {
        lock (_leaving)
        {
            if (_leavingStep != NotBegun)
                return true;
            bool isAbandoned = IsAbandoned;
            long left = CountUndelivered();
            if (left > 0 && !isAbandoned)
                return false;
            Volatile.Write(ref _lost, left);
            Leave();
        }

        MoveHangUpWatch();
        return true;
    }

    internal override long CountUndelivered()
    {
        if (ReceivesOnly)
            return 0;

        // What other writers have put there counts too: no more than this one wrote is its own.
        int waiting = PipeState.Waiting(WriteDescriptor.Handle);
        return waiting > 0 ? Math.Min(waiting, Statistics.BytesSent) : Volatile.Read(ref _lost);
    }

    // A reader that closes early is told to the writer by its next write, as it is of any program: what was written is not taken from it in silence.
    private protected override bool ReportsDelivery => !ReceivesOnly;

    private protected override bool IsAcknowledged => true;

    private protected override bool OutlivesClose => true;

    private protected override int PendingError() => Volatile.Read(ref _lost) > 0 || IsAbandoned ? Errno.EPIPE : 0;

    private protected override Descriptor HangUpDescriptor => WriteDescriptor.Handle.IsClosed ? ReadDescriptor : WriteDescriptor;

    private protected override void PrepareClose()
    {
        if (ReceivesOnly)
            return;
        lock (_leaving)
            Leave();
    }

    private protected override void PrepareReset()
    {
        // A FIFO has none: its reader sees an end, its writer EPIPE.
    }

    private protected override void ReleaseRest() => _kept?.Dispose();

    /// <summary>Whether nobody is left who reads what is written.</summary>
    internal bool IsAbandoned => (FifoFile.State(WriteDescriptor.Handle) & Libc.POLLERR) != 0;

    // With the lock, from what is asked before the close until after it: an end that follows what is unread and a dispose may come at once, and the next client
    // is met as soon as the dispose goes on. The close may let that one go on within itself: then it finishes this.
    private void Leave()
    {
        if (_leavingStep == NotBegun)
        {
            _leavingStep = Asked;
            Readers?.NoteEnding(this);
            CloseObserved(WriteDescriptor);
        }

        if (_leavingStep == Asked)
        {
            _leavingStep = Over;
            Readers?.NoteEnd();
        }
    }

    private static StreamDescriptor Watchable(DescriptorHandle handle, ConnectionOptions options)
        => new(handle, EventLoop.Shared, options.RunContinuationsInline);
}
