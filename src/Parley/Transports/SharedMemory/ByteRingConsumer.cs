using System.Runtime.CompilerServices;

namespace Parley.Transports.SharedMemory;

/// <summary>The reader's end of a byte ring: where it is, and what it believes of what the writer says. Decides nothing.</summary>
internal sealed unsafe class ByteRingConsumer(RingMemory ring)
{
    private ulong _head;
    private ulong _tail;

    internal int Capacity => ring.Capacity;

    /// <summary>Bytes that are known to be there.</summary>
    internal int Available => (int)(_tail - _head);

    /// <summary>Where they begin in the ring.</summary>
    internal int Offset => (int)(_head & ((ulong)ring.Capacity - 1));

    internal ReadOnlySpan<byte> Bytes => new(ring.Data + Offset, Available);

    /// <summary>The writer has said what cannot be.</summary>
    internal bool IsCorrupt { get; private set; }

    internal uint WriterState => Volatile.Read(ref *(uint*)(ring.Control + SharedLayout.WriterState));

    internal uint* WriterSleep => (uint*)(ring.Control + SharedLayout.WriterSleep);

    internal ulong* Wakes => (ulong*)(ring.Control + SharedLayout.ReaderWakes);

    /// <summary>Looks once.</summary>
    /// <returns>How many bytes have come.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Look()
    {
        // Read once, and the copy is checked: it may be another one the next time.
        ulong tail = Volatile.Read(ref *(ulong*)(ring.Control + SharedLayout.Tail));
        ulong more = tail - _tail;
        if (more > (ulong)(ring.Capacity - Available))
        {
            IsCorrupt = true;
            return 0;
        }

        _tail = tail;
        return (int)more;
    }

    /// <summary>Lets the writer use the first bytes again.</summary>
    internal void GiveBack(int count)
    {
        _head += (uint)count;
        Volatile.Write(ref *(ulong*)(ring.Control + SharedLayout.Head), _head);
    }

    /// <summary>Says that it sleeps until the socket is readable.</summary>
    internal void Announce()
    {
        ulong* sleeps = (ulong*)(ring.Control + SharedLayout.ReaderSleeps);
        Volatile.Write(ref *sleeps, *sleeps + 1);
        Volatile.Write(ref *(uint*)(ring.Control + SharedLayout.ReaderSleep), SharedLayout.SleepsOnSocket);
    }

    internal void Withdraw() => Interlocked.Exchange(ref *(uint*)(ring.Control + SharedLayout.ReaderSleep), 0);

    /// <summary>Says that nothing is read any more.</summary>
    internal void Close() => Volatile.Write(ref *(uint*)(ring.Control + SharedLayout.ReaderState), SharedLayout.Closed);
}
