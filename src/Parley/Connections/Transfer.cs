namespace Parley;

/// <summary>One direction of a relay, as far as it has come.</summary>
internal sealed class Transfer(Connection source, Connection target)
{
    private volatile bool _isStopped;
    private long _moved;

    internal Connection Source { get; } = source;

    internal Connection Target { get; } = target;

    /// <summary>Bytes that the target has taken.</summary>
    internal long Moved => Volatile.Read(ref _moved);

    /// <summary>Whether a failure that is met now is the source's; otherwise it is the target's.</summary>
    internal bool IsReading { get; set; } = true;

    /// <summary>Whether it is to end though the source has not.</summary>
    internal bool IsStopped => _isStopped;

    internal void Add(long bytes) => Volatile.Write(ref _moved, _moved + bytes);

    /// <summary>Ends it at the next piece, or now if it waits.</summary>
    internal void Stop()
    {
        _isStopped = true;
        Source.Input.CancelPendingRead();
        Target.Output.CancelPendingFlush();
    }
}
