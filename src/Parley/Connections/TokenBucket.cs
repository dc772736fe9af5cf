namespace Parley;

/// <summary>
/// A rate in bytes a second. What was not used is kept, but no more than a quarter of a second's worth, so that a pause is not followed
/// by a flood. For one direction of one conversation: not safe for use by two threads at once.
/// </summary>
internal sealed class TokenBucket(long bytesPerSecond, TimeProvider time)
{
    // A wait is at least for so much of the bucket, 50 ms' worth: enough that moving the bytes costs more than waking up for them.
    private const int SharesOfBucket = 5;

    private readonly long _size = Math.Max(1, bytesPerSecond / 4);
    private readonly long _share = Math.Max(1, bytesPerSecond / 4 / SharesOfBucket);
    private double _tokens = Math.Max(1, bytesPerSecond / 4);
    private long _filled = time.GetTimestamp();

    /// <summary>The most that is given at once.</summary>
    internal long Size => _size;

    /// <summary>Waits until some of the bytes may move.</summary>
    /// <param name="wanted">How many are there to move; at least 1.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>How many may: at least 1, at most <paramref name="wanted"/>.</returns>
    internal ValueTask<int> TakeAsync(long wanted, CancellationToken cancellationToken)
    {
        int given = TryTake(wanted);
        return given > 0 ? new(given) : WaitAsync(wanted, cancellationToken);
    }

    /// <summary>The same without waiting: 0 where none may move yet.</summary>
    internal int TryTake(long wanted)
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(_size, _tokens + (time.GetElapsedTime(_filled, now).TotalSeconds * bytesPerSecond));
        _filled = now;
        if (Missing(wanted) > 0)
            return 0;
        int given = (int)Math.Min(Math.Min(wanted, int.MaxValue), Math.Max(1, (long)_tokens));
        _tokens -= given;
        return given;
    }

    private async ValueTask<int> WaitAsync(long wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            // In whole milliseconds, as timers have it: a shorter wait would be none, and this a loop that burns a core.
            double pause = Math.Max(1, Math.Ceiling(Missing(wanted) * 1000 / bytesPerSecond));
            await Task.Delay(TimeSpan.FromMilliseconds(pause), time, cancellationToken).ConfigureAwait(false);
            int given = TryTake(wanted);
            if (given > 0)
                return given;
        }
    }

    // A rounding error is no reason to wait once more.
    private double Missing(long wanted) => Math.Min(wanted, _share) - _tokens is var missing and > 1e-6 ? missing : 0;
}
