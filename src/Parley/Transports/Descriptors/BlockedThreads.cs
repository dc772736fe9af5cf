using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <summary>
/// The threads that block in the kernel for one channel. Entering and leaving take neither a lock nor an interlocked operation, but for the first time
/// that a thread enters; the address of a thread that has ended is a later one's, and so is its place.
/// </summary>
internal sealed class BlockedThreads
{
    private readonly Lock _interruption = new();
    private BlockedThread? _first;

    /// <summary>Enters the calling thread; what would keep it from blocking is to be looked at after that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal BlockedThread Enter(nint thread)
    {
        BlockedThread? place = Volatile.Read(ref _first);
        if (place is null || place.Thread != thread)
            place = Find(place, thread);
        place.Enter();
        return place;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private BlockedThread Find(BlockedThread? first, nint thread)
    {
        for (BlockedThread? place = first; place is not null; place = place.Next)
        {
            if (place.Thread == thread)
                return place;
        }

        return Add(thread);
    }

    private BlockedThread Add(nint thread)
    {
        while (true)
        {
            BlockedThread? first = Volatile.Read(ref _first);
            var place = new BlockedThread(thread, first);
            if (Interlocked.CompareExchange(ref _first, place, first) == first)
                return place;
        }
    }

    /// <summary>Makes each leave at least once. What they are to find then must be there before.</summary>
    internal void Interrupt()
    {
        lock (_interruption)
        {
            // Who adds a place after this look sees what was there before it.
            Interlocked.MemoryBarrier();
            BlockedThread? first = Volatile.Read(ref _first);
            if (first is null)
                return;
            for (BlockedThread? place = first; place is not null; place = place.Next)
                place.Hold();

            // Who is not seen inside after this sees, once he enters, what was there before; who is seen inside sees, when he leaves, that he is held.
            Interlocked.MemoryBarrierProcessWide();
            try
            {
                for (BlockedThread? place = first; place is not null; place = place.Next)
                    Interrupt(place);
            }
            finally
            {
                for (BlockedThread? place = first; place is not null; place = place.Next)
                    place.Release();
            }
        }
    }

    /// <summary>What all of them have moved, and what was counted elsewhere.</summary>
    internal MessageStatistics Plus(MessageStatistics others)
    {
        for (BlockedThread? place = Volatile.Read(ref _first); place is not null; place = place.Next)
            others = place.Tally.Plus(others);
        return others;
    }

    private static void Interrupt(BlockedThread place)
    {
        var spin = new SpinWait();

        // Once is enough, but for a thread that was still on its way into the kernel.
        while (place.IsInside)
        {
            InterruptSignal.Send(place.Thread);
            spin.SpinOnce();
        }
    }
}
