using System.Diagnostics;

namespace Parley;

/// <summary>Lets one log line a second through, for things that come in crowds, and counts the others. Safe from any thread.</summary>
internal sealed class LogPace
{
    private long _last;
    private long _skipped;

    /// <summary>Whether a line is due.</summary>
    /// <param name="others">What to append to it: how many have been left out since the one before.</param>
    internal bool IsDue(out string others)
    {
        long now = Stopwatch.GetTimestamp() | 1;
        long last = Volatile.Read(ref _last);
        if ((last != 0 && Stopwatch.GetElapsedTime(last, now) < TimeSpan.FromSeconds(1)) || Interlocked.CompareExchange(ref _last, now, last) != last)
        {
            Interlocked.Increment(ref _skipped);
            others = "";
            return false;
        }

        long skipped = Interlocked.Exchange(ref _skipped, 0);
        others = skipped == 0 ? "" : $" ({skipped} more since the last such line)";
        return true;
    }
}
