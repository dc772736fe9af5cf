using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// The reader of a ring of messages: section 3.2 of docs/shared-memory-protocol.md. It knows nothing of sleeping, and one thread at a time
/// may use it: who has entered <see cref="Gate"/>.
/// </summary>
/// <remarks>Its fields have lines of the cache to themselves: the threads of the two directions must not take them from each other.</remarks>
[StructLayout(LayoutKind.Explicit)]
internal sealed unsafe class MessageRingReader
{
    [FieldOffset(0)]
    internal LinePair Before;
    [FieldOffset(128)]
    internal RingGate Gate;
    [FieldOffset(136)]
    private readonly byte* _data;
    [FieldOffset(144)]
    private readonly byte* _control;
    [FieldOffset(152)]
    private readonly long _capacity;
    [FieldOffset(160)]
    private long _head;

    // Up to where head goes without being stored.
    [FieldOffset(168)]
    private long _keepsUpTo;
    [FieldOffset(176)]
    private long _messages;
    [FieldOffset(184)]
    private long _bytes;
    [FieldOffset(192)]
    private readonly int _longest;
    [FieldOffset(200)]
    private readonly long _mask;

    // Up to where there can be records, once the writer is gone.
    [FieldOffset(208)]
    private long _end;
    [FieldOffset(216)]
    internal LinePair Behind;

    internal MessageRingReader(RingMemory memory)
    {
        _data = memory.Data;
        _control = memory.Control;
        _capacity = memory.Capacity;
        _mask = _capacity - 1;
        _longest = SharedLayout.LongestMessage(memory.Capacity);
        _keepsUpTo = _capacity / 8;
    }

    internal long Messages => Volatile.Read(ref _messages);

    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether the writer has published something; it need not be valid.</summary>
    internal bool HasRecord
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref *NextHeader) != 0;
    }

    /// <summary>Where the writer stores what says that there is a record.</summary>
    internal ulong* NextHeader
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (ulong*)(_data + (_head & _mask));
    }

    /// <summary>Whether so much was consumed that the writer must have it back now.</summary>
    internal bool MustGiveBack
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _head >= _keepsUpTo;
    }

    /// <summary>
    /// For when the writer is gone: whether the whole ring was taken since, and more would be records that were taken before. Only a writer that has filled the room behind
    /// its last record leaves such.
    /// </summary>
    internal bool HasGoneRound()
    {
        if (_end == 0)
            _end = _head + _capacity;
        return _head >= _end;
    }

    /// <summary>Whether the writer could have more back.</summary>
    internal bool HasKept => _head != _keepsUpTo - (_capacity / 8);

    /// <summary>Takes a message.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="length">Its length; set with <see cref="RingTake.TooLarge"/> too.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RingTake TryTake(Span<byte> buffer, out int length)
    {
        // Read once: the writer may change it at any time.
        byte* record = _data + (_head & _mask);
        ulong header = Volatile.Read(ref *(ulong*)record);
        length = 0;
        if (header == 0)
            return RingTake.Nothing;
        if ((header & 1) == 0 || header >> 1 > (ulong)_longest)
            return RingTake.Corrupt;
        length = (int)(header >> 1);
        if (length > buffer.Length)
            return RingTake.TooLarge;
        RingCopy.Copy(ref MemoryMarshal.GetReference(buffer), ref record[SharedLayout.HeaderSize], length);
        _head += SharedLayout.RecordSize(length);

        // In a line that the writer looks at only when it wants to know what was lost: so it costs next to nothing.
        *(ulong*)(_control + SharedLayout.Taken) = (ulong)_head;
        _messages++;
        _bytes += length;
        return RingTake.Taken;
    }

    /// <summary>
    /// <see cref="TryTake"/> for the messages that are copied without a call and have a line of the cache to themselves, where nothing must be
    /// given back after it. Where the next record is does not depend on what is in this one, so its address need not wait for that.
    /// </summary>
    /// <returns><see langword="false"/> where there is none, or no such one: then nothing is taken.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTakeLine(Span<byte> buffer, out int length)
    {
        long head = _head;
        long next = head + SharedLayout.RecordAlignment;
        byte* record = _data + (head & _mask);

        // The bit that says that it is there goes to the other end: one comparison for that and for the length.
        ulong beyondShortest = BitOperations.RotateRight(Volatile.Read(ref *(ulong*)record), 1) - ((1UL << 63) + RingCopy.ShortestInParts);
        nuint size = (nuint)beyondShortest + RingCopy.ShortestInParts;
        if (beyondShortest > SharedLayout.LongestInALine - RingCopy.ShortestInParts || size > (uint)buffer.Length || next >= _keepsUpTo)
        {
            length = 0;
            return false;
        }

        RingCopy.CopyLine(ref MemoryMarshal.GetReference(buffer), ref record[SharedLayout.HeaderSize], size);
        _head = next;
        *(ulong*)(_control + SharedLayout.Taken) = (ulong)next;
        _messages++;
        _bytes += (long)size;
        length = (int)size;
        return true;
    }

    /// <summary>
    /// Takes what is there of the messages that <see cref="TryTakeLine"/> takes, up to the first that is another, or as long as there is room.
    /// </summary>
    internal void TakeLines(MessageBatch batch)
    {
        nuint room = (nuint)batch.MessageSize;
        if (room < RingCopy.ShortestInParts)
            return;
        ulong longest = Math.Min(room, SharedLayout.LongestInALine) - RingCopy.ShortestInParts;

        // What begins in the ring goes on in its second mapping.
        int start = batch.Count;
        Span<int> lengths = batch.LengthsLeft(start);
        int most = (int)Math.Min(lengths.Length, ((_keepsUpTo - _head - 1) / SharedLayout.RecordAlignment) + 1);
        byte* record = _data + (_head & _mask);
        byte* to = batch.Pointer(start);
        long bytes = 0;
        int count = 0;
        for (; count < most; count++)
        {
            ulong beyondShortest = BitOperations.RotateRight(Volatile.Read(ref *(ulong*)record), 1) - ((1UL << 63) + RingCopy.ShortestInParts);
            if (beyondShortest > longest)
                break;
            nuint length = (nuint)beyondShortest + RingCopy.ShortestInParts;
            RingCopy.CopyLine(ref *to, ref record[SharedLayout.HeaderSize], length);
            lengths[count] = (int)length;
            bytes += (long)length;
            record += SharedLayout.RecordAlignment;
            to += room;
        }

        if (count == 0)
            return;
        batch.NoteReceived(count);
        _head += count * SharedLayout.RecordAlignment;
        *(ulong*)(_control + SharedLayout.Taken) = (ulong)_head;
        _messages += count;
        _bytes += bytes;
    }

    /// <summary>Lets the writer have what was consumed.</summary>
    internal void GiveBack()
    {
        Volatile.Write(ref *(ulong*)(_control + SharedLayout.Head), (ulong)_head);
        _keepsUpTo = _head + (_capacity / 8);
    }
}
