using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <summary>Deadlines as <see cref="Stopwatch"/> timestamps.</summary>
internal static class Clock
{
    internal static long After(long timestamp, TimeSpan time)
    {
        // What is beyond the clock's end is never.
        double ticks = time.TotalSeconds * Stopwatch.Frequency;
        return time == Timeout.InfiniteTimeSpan || ticks >= long.MaxValue - timestamp ? Deadline.Never : timestamp + (long)ticks;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long FromNow(TimeSpan time)
        => time == Timeout.InfiniteTimeSpan ? Deadline.Never : After(Stopwatch.GetTimestamp(), time);

    internal static bool IsOver(long due) => due != Deadline.Never && Stopwatch.GetTimestamp() >= due;
}
