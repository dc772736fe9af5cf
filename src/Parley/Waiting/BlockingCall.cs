namespace Parley;

/// <summary>An asynchronous call that the calling thread waits for.</summary>
internal static class BlockingCall
{
    // A timer takes no more than 49 days.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    /// <summary>Makes the call, and waits for it.</summary>
    /// <exception cref="ConnectionException">The time is over, or whatever the call throws.</exception>
    internal static T Wait<T>(MessageChannel channel, Step step, TimeSpan timeout, Func<CancellationToken, ValueTask<T>> call)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, Timeout.InfiniteTimeSpan);
        using CancellationTokenSource? over = timeout == Timeout.InfiniteTimeSpan || timeout > LongestTimer ? null : new CancellationTokenSource();
        try
        {
            // What needs no wait succeeds, however short the time is.
            ValueTask<T> result = call(over?.Token ?? CancellationToken.None);
            if (result.IsCompleted)
                return result.GetAwaiter().GetResult();
            over?.CancelAfter(timeout);
            return result.AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (over is { IsCancellationRequested: true })
        {
            throw new ConnectionException(step, Reason.TimedOut, channel.RemoteEndPoint ?? channel.LocalEndPoint, "the time is over");
        }
    }
}
