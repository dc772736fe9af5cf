using System.Diagnostics;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Gives the core away for a moment once much was handed over: whoever takes it may share the core, and what it finds in the caches it takes
/// twice as fast. Where nobody wants the core this costs a third of a microsecond.
/// </summary>
/// <remarks>
/// Somebody else may keep the core for a time slice, which has nothing to do with what was handed over. Then it is not given away for a hundred times as
/// long, so that this takes a hundredth of the time at most. Threads may share it.
/// </remarks>
internal struct HandOver
{
    // Less is taken together with what follows.
    private const int Worthwhile = 64 * 1024;

    private const int TimesWithout = 100;

    // A receiver takes a twentieth of it for a pipeful; a time slice is twice as long or more.
    private static readonly long Long = Stopwatch.Frequency * 1500 / 1_000_000;

    // Longer than somebody's turn is a process that was stopped, by a debugger as well.
    private static readonly long Longest = Stopwatch.Frequency * 20_000 / 1_000_000;

    private long _notBefore;

    /// <summary>So much was handed over.</summary>
    internal void Note(int bytes)
    {
        if (bytes < Worthwhile)
            return;
        long started = Stopwatch.GetTimestamp();
        if (!IsDue(started))
            return;
        Thread.Yield();
        NoteBack(started, Stopwatch.GetTimestamp());
    }

    internal readonly bool IsDue(long now) => now >= _notBefore;

    /// <summary>The core was given away, and has come back.</summary>
    internal void NoteBack(long started, long now)
    {
        if (now - started > Long)
            _notBefore = now + (Math.Min(now - started, Longest) * TimesWithout);
    }
}
