namespace Parley.Transports.SharedMemory;

/// <summary>What a close does with the outgoing ring. It has ended every write, and its use of the segment is not ended by a write that comes late.</summary>
internal sealed partial class ByteRingWriter
{
    /// <summary>Puts what is unflushed into the ring as far as it goes, and where it all goes says that nothing follows.</summary>
    internal PutOutcome TryEndClosing()
    {
        PutOutcome outcome = TryEnterClosing() ? PutAndEnd() : PutOutcome.PeerGone;
        LeaveClosing();
        return outcome;
    }

    /// <summary>Announces that a close, or who waits for the delivery, sleeps until the reader gives something back.</summary>
    internal void AnnounceClosing()
    {
        if (TryEnterClosing())
        {
            _ring.Control.Announce(SharedLayout.SleepsOnSocket);
            Interlocked.MemoryBarrier();
        }

        LeaveClosing();
    }

    /// <summary>What was written and the peer has not given back, flushed or not; what the last look found where the connection is closed.</summary>
    internal long CountUndelivered()
    {
        long count = UnflushedBytes + (TryEnterClosing() ? _ring.CountUndelivered() : _ring.Undelivered);
        LeaveClosing();
        return count;
    }

    /// <summary>Whether the peer will not take any more; what it has taken is known only after that.</summary>
    internal bool IsPeerGone
    {
        get
        {
            bool isGone = !TryEnterClosing() || _link.HasEnded || _ring.Control.OtherState != SharedLayout.Open;
            LeaveClosing();
            return isGone;
        }
    }

    /// <summary>What the peer says of its reading; aborted where this side is closed.</summary>
    internal uint PeerState
    {
        get
        {
            uint state = TryEnterClosing() ? _ring.Control.OtherState : SharedLayout.Aborted;
            LeaveClosing();
            return state;
        }
    }

    private bool TryEnterClosing()
    {
        Interlocked.Increment(ref _closers);
        return !_link.IsClosed;
    }

    private void LeaveClosing()
    {
        Interlocked.Decrement(ref _closers);
        ReleaseIfClosed();
    }
}
