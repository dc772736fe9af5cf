using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// Finds out that a count does not change for too long, by looking at it now and then: whoever counts has nothing to do for it, and messages cost what they
/// cost without a limit. Where nobody could look, for the process was stopped or had no core, the peer may have had none either: that time does not count.
/// </summary>
internal struct Standstill
{
    // What changed between two looks has changed at the second, as far as is known: so that much may be added to the limit.
    private const int LooksWithinLimit = 4;

    // No count: the next look finds a change.
    private const long Unknown = -1;

    private readonly long _limit;
    private long _count;
    private long _since;
    private long _lookedAt;

    /// <param name="limit">How long it may stand still; <see cref="Timeout.InfiniteTimeSpan"/> as long as it likes.</param>
    internal Standstill(TimeSpan limit)
    {
        _since = _lookedAt = Stopwatch.GetTimestamp();
        _limit = limit == Timeout.InfiniteTimeSpan ? Deadline.Never : Math.Max(LooksWithinLimit, (long)(limit.TotalSeconds * Stopwatch.Frequency));
    }

    internal readonly bool IsLimited => _limit != Deadline.Never;

    /// <summary>Begins anew, with the next look.</summary>
    internal void Restart() => _count = Unknown;

    /// <summary>Looks follow, and none was due before: nobody waited.</summary>
    internal void Begin(long now) => _lookedAt = now;

    /// <summary>Looks.</summary>
    /// <param name="count">What it is.</param>
    /// <param name="now">When the look began: what came after that has not been seen.</param>
    /// <returns>Whether it has stood still for too long.</returns>
    internal bool IsOver(long count, long now)
    {
        if (count != _count)
        {
            _count = count;
            _since = now;
        }
        else if (IsLimited)
        {
            _since += Math.Max(0, now - _lookedAt - Interval);
        }

        _lookedAt = now;
        return IsLimited && now - _since >= _limit;
    }

    /// <summary>When to look again.</summary>
    internal readonly long NextLook(long now) => IsLimited ? Math.Min(_since + _limit, now + Interval) : Deadline.Never;

    private readonly long Interval => _limit / LooksWithinLimit;
}
