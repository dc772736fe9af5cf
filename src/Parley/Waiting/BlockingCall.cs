namespace Parley;

/// <summary>An asynchronous call that the calling thread waits for.</summary>
internal static class BlockingCall
{
    // A timer takes no more than 49 days.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    // What the thread's last call had no need to cancel: one that does not wait makes no garbage.
    [ThreadStatic]
    private static CancellationTokenSource? _spare;

    /// <summary>Makes the call, and waits for it.</summary>
    /// <exception cref="ConnectionException">The time is over, or whatever the call throws.</exception>
    internal static TResult Wait<TCall, TResult>(
        MessageChannel channel, Step step, TimeSpan timeout, TCall call, Func<TCall, CancellationToken, ValueTask<TResult>> begin)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, Timeout.InfiniteTimeSpan);
        if (timeout == Timeout.InfiniteTimeSpan || timeout > LongestTimer)
            return Wait(begin(call, CancellationToken.None), null, timeout);
        CancellationTokenSource over = TakeSpare();
        try
        {
            // What needs no wait succeeds, however short the time is.
            return Wait(begin(call, over.Token), over, timeout);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            throw new ConnectionException(step, Reason.TimedOut, channel.RemoteEndPoint ?? channel.LocalEndPoint, "the time is over");
        }
        finally
        {
            Keep(over);
        }
    }

    private static TResult Wait<TResult>(ValueTask<TResult> result, CancellationTokenSource? over, TimeSpan timeout)
    {
        if (result.IsCompleted)
            return result.GetAwaiter().GetResult();
        over?.CancelAfter(timeout);
        return result.AsTask().GetAwaiter().GetResult();
    }

    // Taken away meanwhile: the call may make another one.
    private static CancellationTokenSource TakeSpare()
    {
        CancellationTokenSource spare = _spare ?? new CancellationTokenSource();
        _spare = null;
        return spare;
    }

    private static void Keep(CancellationTokenSource over)
    {
        if (_spare is null && over.TryReset())
            _spare = over;
        else
            over.Dispose();
    }
}
