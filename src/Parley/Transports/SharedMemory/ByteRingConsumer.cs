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

    /// <summary>The states and the sleep words.</summary>
    internal RingControl Control { get; } = new(ring.Control, isReader: true);

    /// <summary>Whether the writer has published more than <see cref="Look"/> has seen.</summary>
    internal bool HasMore => Volatile.Read(ref *(ulong*)(ring.Control + SharedLayout.Tail)) != _tail;

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
}
