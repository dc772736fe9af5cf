namespace Parley.Transports.SharedMemory;

/// <summary>
/// For how long a reader that has come too early is to stay away from the ring. Messages that come one right after the other are
/// better taken several at a time: a reader that looks at each record while the writer is about to fill it makes both wait for its line of the
/// cache. The more of them come the longer it stays away. Where it brings nothing, because who writes waits for an answer, it is tried ever more
/// rarely.
/// </summary>
internal struct StreamPause
{
    // How often the shortest is doubled: to 51 microseconds. Where a line of the cache takes 480 ns from core to core
    // and back, the first five doublings bring a fifth more messages a second, the other four as much as a half.
    private const int Doublings = 9;

    private static readonly int ShortestPauses = ProcessorPause.CountIn(TimeSpan.FromMicroseconds(0.1));

    // A wait that was over after so many looks was one for the next message of many.
    private const int ShortWait = 16;

    // So many messages for each of the shortest are worth it. A reader that is twice as fast as the writer has never so many: only a stream that the two can
    // barely carry, of 4096 messages and more without a wait, has the longest pause.
    private const int Several = 8;

    private BriefPoll _tries;
    private long _taken;
    private int _doublings;
    private bool _isTried;
    private bool _wasShort;

    /// <summary>Asked before a wait.</summary>
    /// <param name="taken">How many messages have been taken so far.</param>
    /// <returns>After how many pauses to look for the first time: 1 or more.</returns>
    internal int Length(long taken)
    {
        if (_isTried)
        {
            long came = taken - _taken;
            if (came >= Several)
                _tries.Found();
            else
                _tries.FoundNothing();
            _doublings = came >= Several << _doublings ? Math.Min(_doublings + 1, Doublings) : Math.Max(_doublings - 1, 0);
        }

        _taken = taken;
        _isTried = _wasShort && _tries.IsDue();
        return _isTried ? ShortestPauses << _doublings : 1;
    }

    /// <summary>The wait is over.</summary>
    internal void Note(int looks) => _wasShort = looks < ShortWait;
}
