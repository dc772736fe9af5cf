using System.Runtime.CompilerServices;

namespace Parley.Transports.SharedMemory;

/// <summary>The writer's end of a byte ring: where it is, and what it believes of what the reader says. Decides nothing.</summary>
internal sealed unsafe class ByteRingProducer(RingMemory ring)
{
    private ulong _head;
    private ulong _tail;

    internal int Capacity => ring.Capacity;

    /// <summary>Bytes that were put in and are not published yet.</summary>
    internal int Pending { get; private set; }

    /// <summary>Published bytes that the reader is not known to have given back.</summary>
    internal int Undelivered => (int)(_tail - _head);

    /// <summary>Bytes that are known to be free, behind what is pending.</summary>
    internal int Room => ring.Capacity - Undelivered - Pending;

    /// <summary>Where the room begins in the ring.</summary>
    internal int Offset => (int)((_tail + (uint)Pending) & ((ulong)ring.Capacity - 1));

    internal Span<byte> Free => new(ring.Data + Offset, Room);

    /// <summary>The reader has said what cannot be.</summary>
    internal bool IsCorrupt { get; private set; }

    /// <summary>The states and the sleep words.</summary>
    internal RingControl Control { get; } = new(ring.Control, isReader: false);

    /// <summary>Whether the reader has given back more than <see cref="Look"/> has seen.</summary>
    internal bool HasMoreRoom => Volatile.Read(ref *(ulong*)(ring.Control + SharedLayout.Head)) != _head;

    /// <summary>Looks once.</summary>
    /// <returns>How many bytes have become free.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Look()
    {
        // Read once, and the copy is checked: it may be another one the next time.
        ulong head = Volatile.Read(ref *(ulong*)(ring.Control + SharedLayout.Head));
        ulong freed = head - _head;
        if (freed > (ulong)Undelivered)
        {
            IsCorrupt = true;
            return 0;
        }

        _head = head;
        return (int)freed;
    }

    /// <summary>Published bytes that the reader has not given back. From any thread.</summary>
    internal int CountUndelivered()
    {
        ulong count = Volatile.Read(ref _tail) - Volatile.Read(ref *(ulong*)(ring.Control + SharedLayout.Head));
        return count <= (ulong)ring.Capacity ? (int)count : Undelivered;
    }

    /// <summary>Bytes were put where the room begins.</summary>
    internal void Put(int count) => Pending += count;

    /// <summary>Lets the reader have what is pending.</summary>
    internal void Publish()
    {
        _tail += (uint)Pending;
        Pending = 0;
        Volatile.Write(ref *(ulong*)(ring.Control + SharedLayout.Tail), _tail);
    }
}
