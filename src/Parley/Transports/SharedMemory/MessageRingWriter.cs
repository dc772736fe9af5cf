using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// The writer of a ring of messages: section 3.2 of docs/shared-memory-protocol.md. It knows nothing of sleeping, and one thread at a time
/// may use it: who has entered <see cref="Gate"/>.
/// </summary>
/// <remarks>Its fields have lines of the cache to themselves: the threads of the two directions must not take them from each other.</remarks>
[StructLayout(LayoutKind.Explicit)]
internal sealed unsafe class MessageRingWriter
{
    private const int ClearedAtOnce = 16 * SharedLayout.RecordAlignment;

    [FieldOffset(0)]
    internal LinePair Before;
    [FieldOffset(128)]
    internal RingGate Gate;
    [FieldOffset(132)]
    private bool _isCorrupt;
    [FieldOffset(136)]
    private readonly byte* _data;
    [FieldOffset(144)]
    private readonly byte* _control;
    [FieldOffset(152)]
    private readonly long _capacity;
    [FieldOffset(160)]
    private long _tail;
    [FieldOffset(168)]
    private long _head;

    // Where a record may end at most.
    [FieldOffset(176)]
    private long _limit;
    [FieldOffset(184)]
    private long _messages;
    [FieldOffset(192)]
    private long _bytes;

    // What begins between the tail, exclusively, and here has a header of 0, wherever records may begin.
    [FieldOffset(200)]
    private long _clearTo;
    [FieldOffset(208)]
    internal LinePair Behind;

    internal MessageRingWriter(RingMemory memory)
    {
        _data = memory.Data;
        _control = memory.Control;
        _capacity = memory.Capacity;
        _limit = _capacity - SharedLayout.RecordAlignment;
    }

    internal long Messages => Volatile.Read(ref _messages);

    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether the reader has stored a head that cannot be.</summary>
    internal bool IsCorrupt => _isCorrupt;

    /// <summary>Bytes of the ring that the reader, which is gone, has not taken. What it has taken it need not have given back.</summary>
    internal long NotTaken
    {
        get
        {
            LookAtHead();
            long taken = (long)Volatile.Read(ref *(ulong*)(_control + SharedLayout.Taken));
            return _tail - (taken > _head && taken <= _tail ? taken : _head);
        }
    }

    /// <summary>Puts a message there and publishes it.</summary>
    /// <returns><see langword="false"/> where there is no room, or the ring is corrupt.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryPut(ReadOnlySpan<byte> message)
    {
        long size = SharedLayout.RecordSize(message.Length);
        if (_tail + size > _limit && !LookForRoom(size))
            return false;

        // The record after this one, if only its first bytes, is in the second mapping at worst: so it is always contiguous.
        byte* record = _data + (_tail & (_capacity - 1));
        *(ulong*)(record + size) = 0;
        if (_tail + size > _clearTo)
            _clearTo = _tail + size;
        RingCopy.Copy(ref record[SharedLayout.HeaderSize], ref MemoryMarshal.GetReference(message), message.Length);
        Volatile.Write(ref *(ulong*)record, ((ulong)message.Length << 1) | 1);
        _tail += size;

        // Nobody goes by it, and nobody looks but who wants to know how full the ring is: so it costs next to nothing.
        *(ulong*)(_control + SharedLayout.Tail) = (ulong)_tail;
        _messages++;
        _bytes += message.Length;
        return true;
    }

    // Several at a time go faster than one with each message. There is room for the first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ClearAhead(byte* record, long tail)
    {
        _clearTo = Math.Min(_limit, tail + ClearedAtOnce);
        for (long at = SharedLayout.RecordAlignment; at <= _clearTo - tail; at += SharedLayout.RecordAlignment)
            *(ulong*)(record + at) = 0;
    }

    /// <summary>
    /// <see cref="TryPut"/> for the messages that are copied without a call and have a line of the cache to themselves, where it is known that
    /// there is room.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryPutLine(ReadOnlySpan<byte> message)
    {
        long tail = _tail;
        long next = tail + SharedLayout.RecordAlignment;
        if (next > _limit)
            return false;
        byte* record = _data + (tail & (_capacity - 1));
        if (next > _clearTo)
            ClearAhead(record, tail);
        RingCopy.CopyLine(ref record[SharedLayout.HeaderSize], ref MemoryMarshal.GetReference(message), (uint)message.Length);
        Volatile.Write(ref *(ulong*)record, ((ulong)(uint)message.Length << 1) | 1);
        _tail = next;
        *(ulong*)(_control + SharedLayout.Tail) = (ulong)next;
        _messages++;
        _bytes += (uint)message.Length;
        return true;
    }

    /// <summary>Whether a message of that length would go.</summary>
    internal bool HasRoom(int length)
    {
        long size = SharedLayout.RecordSize(length);
        return _tail + size <= _limit || LookForRoom(size);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool LookForRoom(long size)
    {
        LookAtHead();
        return _tail + size <= _limit;
    }

    private void LookAtHead()
    {
        long head = (long)Volatile.Read(ref *(ulong*)(_control + SharedLayout.Head));
        if ((ulong)(head - _head) > (ulong)(_tail - _head))
        {
            _isCorrupt = true;
            return;
        }

        _head = head;
        _limit = head + _capacity - SharedLayout.RecordAlignment;
    }
}
