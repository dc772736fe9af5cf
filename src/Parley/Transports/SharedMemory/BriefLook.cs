using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// A look at memory, again and again for a short while, before a wait that costs system calls on both sides: where that has paid.
/// </summary>
internal struct BriefLook
{
    // Then the thread gives way: the peer may be waiting for this very core.
    private const int Pauses = 50;

    private BriefPoll _poll;
    private long _end;
    private int _count;

    /// <summary>Whether to look at all. Not on the loop's thread, where nothing may be kept waiting.</summary>
    internal bool Begin(EventLoop loop)
    {
        if (!_poll.IsDue() || loop.IsCurrent)
            return false;
        // Where this process has but one core, the peer may need it, or it has another.
        _count = Environment.ProcessorCount == 1 ? Pauses : 0;
        _end = Stopwatch.GetTimestamp() + _poll.Within(BriefPoll.Length);
        return true;
    }

    /// <summary>Lets a moment pass.</summary>
    /// <returns><see langword="false"/> when the time is over.</returns>
    internal bool GoesOn()
    {
        if (++_count <= Pauses)
        {
            Thread.SpinWait(1);
            return true;
        }

        if (Stopwatch.GetTimestamp() >= _end)
        {
            _poll.FoundNothing();
            return false;
        }

        Thread.Yield();
        return true;
    }

    internal void Found() => _poll.Found();
}
