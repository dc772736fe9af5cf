namespace Parley.Transports.SharedMemory;

/// <summary>
/// Whether a reader that has come too early is to stay away from the ring for a moment. Messages that come one right after the other are
/// better taken several at a time: a reader that looks at each record while the writer is about to fill it makes both wait for its line of the
/// cache. Where it brings nothing, because who writes waits for an answer, it is tried ever more rarely.
/// </summary>
internal struct StreamPause
{
    /// <summary>So many pauses it takes.</summary>
    internal const int Length = 20;

    // A wait that was over after so many looks was one for the next message of many.
    private const int ShortWait = 16;
    private const int Several = 4;

    private BriefPoll _tries;
    private long _taken;
    private bool _isTried;
    private bool _wasShort;

    /// <summary>Asked before a wait.</summary>
    /// <param name="taken">How many messages have been taken so far.</param>
    internal bool IsDue(long taken)
    {
        if (_isTried && taken - _taken >= Several)
            _tries.Found();
        else if (_isTried)
            _tries.FoundNothing();
        _taken = taken;
        _isTried = _wasShort && _tries.IsDue();
        return _isTried;
    }

    /// <summary>The wait is over.</summary>
    internal void Note(int looks) => _wasShort = looks < ShortWait;
}
