namespace Parley.Transports.SharedMemory;

/// <summary>What a close does with the incoming ring. It has ended every read, and its use of the segment is not ended by a read that comes late.</summary>
internal sealed partial class ByteRingReader
{
    /// <summary>Takes what is there and drops it, and at most about as much as there can be at once: the writer may go on for ever.</summary>
    /// <param name="hasMore">Whether there may be more at once.</param>
    /// <returns>Whether there is nothing to wait for any more: the end, or <see cref="Failure"/>.</returns>
    internal bool DropToEnd(out bool hasMore)
    {
        bool isOver = true;
        hasMore = false;
        if (TryEnterClosing())
        {
            _drops = true;
            isOver = _connection.PeerEnded;
            long most = (long)_ring.Capacity * 2;
            while (!isOver && _failure is null && !hasMore)
            {
                most -= _ring.Available;
                if (_ring.Available > 0)
                    GiveBack(_ring.Available);
                if (!TryTake())
                    break;
                isOver = _connection.PeerEnded;
                hasMore = most <= 0;
            }
        }

        LeaveClosing();
        return isOver || _failure is not null;
    }

    /// <summary>Announces that a close sleeps until there is more to drop.</summary>
    internal void AnnounceClosing()
    {
        if (TryEnterClosing())
        {
            _ring.Control.Announce(SharedLayout.SleepsOnSocket);
            Interlocked.MemoryBarrier();
        }

        LeaveClosing();
    }

    /// <summary>Says to the peer that nothing is read any more.</summary>
    internal void Close()
    {
        if (TryEnterClosing())
        {
            _ring.Control.SetOwnState(SharedLayout.Closed);
            TellWriter();
        }

        LeaveClosing();
    }

    private bool TryEnterClosing()
    {
        Volatile.Write(ref _closes, true);
        return !_link.IsClosed;
    }

    private void LeaveClosing()
    {
        Volatile.Write(ref _closes, false);
        ReleaseIfClosed();
    }
}
