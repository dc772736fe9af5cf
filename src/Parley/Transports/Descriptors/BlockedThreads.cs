using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <summary>
/// The threads that block in the kernel for one channel. Entering and leaving take no lock, and no interlocked operation but for the first time that a
/// thread enters; the address of a thread that has ended is a later one's, and so is its place.
/// </summary>
/// <param name="isOftenInterrupted">
/// Whether interruptions are frequent and mostly meet nobody: then threads enter with a fence, and an interruption that meets nobody makes no other
/// thread of the process order its writes, which takes microseconds.
/// </param>
internal sealed class BlockedThreads(bool isOftenInterrupted)
{
    // The calling thread's last one, for a channel on which other threads block too.
    [ThreadStatic]
    private static BlockedThread? _last;

    private BlockedThread? _first;
    private int _isInterrupting;

    /// <summary>Enters the calling thread; what would keep it from blocking is to be looked at after that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal BlockedThread Enter(nint thread)
    {
        BlockedThread? place = Volatile.Read(ref _first);
        if (place is null || place.Thread != thread)
            place = Find(place, thread);
        place.Enter();
        if (isOftenInterrupted)
            Interlocked.MemoryBarrier();
        return place;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private BlockedThread Find(BlockedThread? first, nint thread)
    {
        if (_last is { } last && last.Owner == this)
            return last;
        BlockedThread? place = first;
        while (place is not null && place.Thread != thread)
            place = place.Next;
        return _last = place ?? Add(thread);
    }

    private BlockedThread Add(nint thread)
    {
        while (true)
        {
            BlockedThread? first = Volatile.Read(ref _first);
            var place = new BlockedThread(this, thread, first);
            if (Interlocked.CompareExchange(ref _first, place, first) == first)
                return place;
        }
    }

    /// <summary>Makes each leave at least once. What they are to find then must be there before.</summary>
    internal void Interrupt()
    {
        // Who adds a place, or enters with a fence, after this look sees what was there before it.
        Interlocked.MemoryBarrier();
        BlockedThread? first = Volatile.Read(ref _first);
        if (first is null || (isOftenInterrupted && !IsAnyInside(first)))
            return;
        var spin = new PlainSpin();
        while (Interlocked.CompareExchange(ref _isInterrupting, 1, 0) != 0)
            spin.Once();
        try
        {
            Interrupt(first);
        }
        finally
        {
            Volatile.Write(ref _isInterrupting, 0);
        }
    }

    /// <summary>What all of them have moved, and what was counted elsewhere.</summary>
    internal MessageStatistics Plus(MessageStatistics others)
    {
        for (BlockedThread? place = Volatile.Read(ref _first); place is not null; place = place.Next)
            others = place.Tally.Plus(others);
        return others;
    }

    private static bool IsAnyInside(BlockedThread first)
    {
        for (BlockedThread? place = first; place is not null; place = place.Next)
        {
            if (place.IsInside)
                return true;
        }

        return false;
    }

    private static void Interrupt(BlockedThread first)
    {
        for (BlockedThread? place = first; place is not null; place = place.Next)
            place.Hold();
        try
        {
            // Who is not seen inside after this sees, once he enters, what was there before; who is seen inside sees, when he leaves, that he is held.
            Interlocked.MemoryBarrierProcessWide();
            var spin = new PlainSpin();

            // Once is enough, but for a thread that was still on its way into the kernel.
            while (SignalThoseInside(first))
                spin.Once();
        }
        finally
        {
            for (BlockedThread? place = first; place is not null; place = place.Next)
                place.Release();
        }
    }

    /// <summary>Lets go of those who are out: they need not wait for the others.</summary>
    /// <returns>Whether somebody is still inside.</returns>
    private static bool SignalThoseInside(BlockedThread first)
    {
        bool isAnyInside = false;
        for (BlockedThread? place = first; place is not null; place = place.Next)
        {
            if (!place.IsHeld)
                continue;
            if (place.IsInside)
            {
                isAnyInside = true;
                InterruptSignal.Send(place.Thread);
            }
            else
            {
                place.Release();
            }
        }

        return isAnyInside;
    }
}
