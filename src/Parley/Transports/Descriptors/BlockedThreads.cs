using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <summary>The threads that are blocked in the kernel for one channel. To enter and to leave costs one interlocked operation each.</summary>
internal sealed class BlockedThreads
{
    private BlockedThread _first = new(next: null);

    /// <summary>Enters the calling thread; what would keep it from blocking is to be looked at after that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal BlockedThread Enter(nint thread)
    {
        BlockedThread first = Volatile.Read(ref _first);
        return first.TryEnter(thread) ? first : EnterAnother(thread);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private BlockedThread EnterAnother(nint thread)
    {
        while (true)
        {
            BlockedThread first = Volatile.Read(ref _first);
            for (BlockedThread? place = first; place is not null; place = place.Next)
            {
                if (place.TryEnter(thread))
                    return place;
            }

            Interlocked.CompareExchange(ref _first, new BlockedThread(first), first);
        }
    }

    /// <summary>Makes each leave at least once. What they are to find then must be there before.</summary>
    internal void Interrupt()
    {
        // Whoever adds a place after this look sees what was there before it.
        Interlocked.MemoryBarrier();
        for (BlockedThread? place = Volatile.Read(ref _first); place is not null; place = place.Next)
            place.Interrupt();
    }

    /// <summary>What all of them have moved, and what was counted elsewhere.</summary>
    internal MessageStatistics Plus(MessageStatistics others)
    {
        for (BlockedThread? place = Volatile.Read(ref _first); place is not null; place = place.Next)
            others = place.Tally.Plus(others);
        return others;
    }
}
