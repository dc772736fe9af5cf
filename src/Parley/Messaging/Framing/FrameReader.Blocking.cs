using System.IO.Pipelines;

namespace Parley;

/// <content>
/// Threads that wait in the kernel for the stream's descriptor. What somebody else has read from it already, the kernel does not know of: whoever
/// reads and leaves something makes them look.
/// </content>
internal sealed partial class FrameReader
{
    private int _blocked;
    private int _changes;
    private bool _hasRest;

    // The one who reads is a thread that is blocked.
    private bool _readsBlocked;

    /// <summary>Receives with one system call, which sleeps in the kernel where nothing is there.</summary>
    /// <returns><see langword="false"/> where the stream has no descriptor that can do that, or somebody else reads it.</returns>
    internal bool TryReceiveBlocked(Span<byte> buffer, out ReceivedMessage received)
    {
        while (true)
        {
            int seen;
            lock (_gate)
            {
                ThrowIfOver();
                received = default;
                if ((_hasRest || _isEnded) && TryTake(buffer, mayWait: false, out received))
                    return true;
                if (_isReading || !_connection.CanReadBlocked)
                    return false;
                seen = _changes;
                _isReading = _readsBlocked = true;
            }

            if (TryReadAndTake(buffer, seen, out received))
                return true;
        }
    }

    /// <summary>Reads once, and takes the first message for itself: those who wait have come later.</summary>
    private bool TryReadAndTake(Span<byte> buffer, int seen, out ReceivedMessage received)
    {
        ReadResult result = default;
        Exception? failure = null;
        bool isRead = false;
        try
        {
            isRead = _connection.TryReadBlocked(in _changes, seen, out result);
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        ReceiverQueue served = default;
        try
        {
            lock (_gate)
            {
                _isReading = _readsBlocked = false;
                _failure ??= failure;
                try
                {
                    // Not told to others yet: they could not take it.
                    if (isRead)
                        _input.AdvanceTo(result.Buffer.Start, result.Buffer.Start);
                    received = default;
                    return (isRead || failure is not null) && TryTake(buffer, mayWait: false, out received);
                }
                finally
                {
                    served = EndRead();
                }
            }
        }
        finally
        {
            served.Complete(mayGoOnHere: false);
        }
    }

    /// <summary>Blocks until there may be a message; returns early where something else has changed.</summary>
    /// <returns><see langword="false"/> where the stream has no descriptor, or somebody waits for it in the event loop.</returns>
    internal bool TryBlock(TimeSpan timeout)
    {
        int seen;
        lock (_gate)
        {
            if (_isReading && !_readsBlocked)
                return false;
            if (_hasRest || _isEnded || _isDisposed || _failure is not null)
                return true;
            seen = _changes;
            _blocked++;
        }

        try
        {
            return _connection.TryBlockUntilReadable(timeout, in _changes, seen);
        }
        finally
        {
            lock (_gate)
                _blocked--;
        }
    }

    /// <summary>What a thread that is about to block has seen is no longer so.</summary>
    private void Change() => Volatile.Write(ref _changes, _changes + 1);

    private void Leave(long count)
    {
        _hasRest = count > 0;
        if (_hasRest)
            WakeBlocked();
    }

    private void WakeBlocked()
    {
        if (_blocked > 0)
            _connection.InterruptBlocked();
    }
}
