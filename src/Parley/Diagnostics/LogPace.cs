namespace Parley;

/// <summary>
/// Lets log lines through for things that may come in crowds: <see cref="Burst"/> at once, then one a second. Counts the others. Safe from any thread.
/// </summary>
/// <param name="time">The clock; the system's if <see langword="null"/>.</param>
internal sealed class LogPace(TimeProvider? time = null)
{
    /// <summary>Lines that may come at once: who sets something up sees each of his mistakes.</summary>
    internal const int Burst = 8;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private long _paidUntil;
    private long _skipped;

    /// <summary>Whether a line is due.</summary>
    /// <param name="others">What to append to it: how many have been left out since the one before.</param>
    internal bool IsDue(out string others)
    {
        if (!TryTake())
        {
            Interlocked.Increment(ref _skipped);
            others = "";
            return false;
        }

        long skipped = Interlocked.Exchange(ref _skipped, 0);
        others = skipped == 0 ? "" : $" ({skipped} more since the last such line)";
        return true;
    }

    // Each line pays for a second from now on; no more than the burst is paid ahead.
    private bool TryTake()
    {
        long second = _time.TimestampFrequency;
        long now = _time.GetTimestamp();
        while (true)
        {
            long paid = Volatile.Read(ref _paidUntil);
            long next = Math.Max(paid, now) + second;
            if (next - now > Burst * second)
                return false;
            if (Interlocked.CompareExchange(ref _paidUntil, next, paid) == paid)
                return true;
        }
    }
}
