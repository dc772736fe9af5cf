namespace Parley.Transports.Descriptors;

/// <content>Memory that is shared with other processes: looked at as long as the loop is awake.</content>
internal sealed unsafe partial class EventLoop
{
    // Each costs a look a turn: those beyond it have themselves woken by a descriptor at once.
    private const int MostAwaited = 64;

    // A look costs a hundredth of a system call.
    private const int LooksBetweenCalls = 40;

    // So many turns in which only memory was looked at, before the descriptors have theirs.
    private const int TurnsInMemory = 16;

    private readonly List<IAwaitedMemory> _awaited = new(MostAwaited);
    private int _turnsInMemory;

    /// <summary>Whether a wait may be left to <see cref="LookFor"/>: on the loop's thread, as long as there are not too many.</summary>
    internal bool MayLookFor => IsCurrent && _awaited.Count < MostAwaited;

    /// <summary>Looks for something in memory until it has come, or the loop goes to sleep. On the loop's thread only.</summary>
    internal void LookFor(IAwaitedMemory memory) => _awaited.Add(memory);

    /// <returns>Whether something had come, and those who waited for it were woken.</returns>
    private bool LookAtMemory()
    {
        bool hasCome = false;

        // Those who are woken may wait for something else at once: it is looked at in the next turn.
        for (int i = _awaited.Count - 1; i >= 0; i--)
        {
            if (i >= _awaited.Count || !_awaited[i].HasCome())
                continue;
            TakeAwaited(i).Wake();
            hasCome = true;
        }

        return hasCome;
    }

    private bool LookAtMemoryForAWhile()
    {
        if (_awaited.Count == 0)
            return false;
        for (int i = 0; i < LooksBetweenCalls; i++)
        {
            if (LookAtMemory())
                return true;
            Thread.SpinWait(1);
        }

        return false;
    }

    /// <summary>Has the loop woken for all that is looked for.</summary>
    /// <returns><see langword="false"/> where something has come meanwhile.</returns>
    private bool MaySleep()
    {
        bool hasCome = false;
        for (int i = _awaited.Count - 1; i >= 0; i--)
        {
            IAwaitedMemory memory = TakeAwaited(i);
            if (!memory.Announce())
                continue;
            memory.Wake();
            hasCome = true;
        }

        return !hasCome && _awaited.Count == 0 && _nextRound.Count == 0;
    }

    private IAwaitedMemory TakeAwaited(int index)
    {
        IAwaitedMemory memory = _awaited[index];
        _awaited[index] = _awaited[^1];
        _awaited.RemoveAt(_awaited.Count - 1);
        return memory;
    }
}
