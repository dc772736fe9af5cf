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

    /// <summary>Blocks until there may be a message; returns early where something else has changed.</summary>
    /// <returns><see langword="false"/> where the stream has no descriptor, or somebody waits for it in the event loop.</returns>
    internal bool TryBlock(TimeSpan timeout)
    {
        int seen;
        lock (_gate)
        {
            if (_isReading)
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
