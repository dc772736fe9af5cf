namespace Parley.Transports.Descriptors;

/// <summary>
/// How much one direction may move on the loop's thread before the loop's other connections have their turn: looking at them takes a system call,
/// and the direction's caller out of step with a peer that is just as fast. Used by the direction's one caller.
/// </summary>
internal struct LoopTurn
{
    // A call that moves much takes long, one that moves little takes a microsecond: either way a turn is over within about a millisecond.
    private const int MostCalls = 512;
    private const int MostBytes = 4 * 1024 * 1024;

    private int _calls;
    private long _bytes;

    /// <summary>Whether the others are next.</summary>
    internal readonly bool IsOver => _calls >= MostCalls || _bytes >= MostBytes;

    /// <summary>Calls that moved something, without a wait between.</summary>
    internal readonly int Calls => _calls;

    /// <summary>Counts a call that moved so many bytes.</summary>
    internal void Count(int bytes)
    {
        _calls++;
        _bytes += bytes;
    }

    /// <summary>The others had theirs, or there was nothing to move.</summary>
    internal void Restart() => this = default;
}
