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
    // Half of what the nearest cache holds: where the cores are far apart a tenth more messages a second than with 64.
    private const int ManyAtOnce = 256;

    // So many are published together at most: the reader has something to do while the next are being filled.
    private const int MostTogether = 64;

    // How far to clear beyond the next record where one is cleared with each message. Further on the reader's core fetches lines on its own
    // account, and would have them back first.
    private const int ClearedAhead = 2 * SharedLayout.RecordAlignment;

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

    // What begins between the tail, exclusively, and here has a header of 0, wherever records may begin. Never beyond the limit.
    [FieldOffset(200)]
    private long _clearTo;
    [FieldOffset(208)]
    private readonly MessageRingReader? _answers;
    [FieldOffset(216)]
    private long _answered;
    [FieldOffset(224)]
    private readonly long _mask;
    [FieldOffset(232)]
    private readonly bool _alwaysContinues;
    [FieldOffset(233)]
    private bool _alternates;
    [FieldOffset(234)]
    private bool _continues;
    [FieldOffset(240)]
    private long _noted;
    [FieldOffset(248)]
    internal LinePair Behind;

    /// <summary>Makes the writer of a ring.</summary>
    /// <param name="memory">The ring.</param>
    /// <param name="answers">What comes the other way, if anything does.</param>
    /// <param name="alwaysContinues">Whether <see cref="Continues"/> is always so.</param>
    internal MessageRingWriter(RingMemory memory, MessageRingReader? answers = null, bool alwaysContinues = false)
    {
        _alwaysContinues = _continues = alwaysContinues;
        _mask = memory.Capacity - 1;
        _answers = answers;
        _data = memory.Data;
        _control = memory.Control;
        _capacity = memory.Capacity;
        _limit = _capacity - SharedLayout.RecordAlignment;
    }

    internal long Messages => Volatile.Read(ref _messages);

    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether there is something to do after a message was put there, <see cref="Continue"/> among it.</summary>
    internal bool Continues
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _continues;
    }

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

    /// <summary>
    /// Changes when the reader takes something, or gives it back where it does not say what it takes. Only to be compared: what a reader writes there may be anything.
    /// </summary>
    internal long PeerProgress
        => (long)(Volatile.Read(ref *(ulong*)(_control + SharedLayout.Head)) + Volatile.Read(ref *(ulong*)(_control + SharedLayout.Taken)));

    /// <summary>Puts a message there and publishes it.</summary>
    /// <returns><see langword="false"/> where there is no room, or the ring is corrupt.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryPut(ReadOnlySpan<byte> message)
    {
        long size = SharedLayout.RecordSize(message.Length);
        if (_tail + size > _limit && !LookForRoom(size))
            return false;

        // The record after this one, if only its first bytes, is in the second mapping at worst: so it is always contiguous.
        byte* record = _data + (_tail & _mask);
        bool isCleared = _tail + size <= _clearTo;
        if (!isCleared)
            *(ulong*)(record + size) = 0;
        RingCopy.Copy(ref record[SharedLayout.HeaderSize], ref MemoryMarshal.GetReference(message), message.Length);
        Volatile.Write(ref *(ulong*)record, ((ulong)message.Length << 1) | 1);
        _tail += size;

        // Nobody goes by it, and nobody looks but who wants to know how full the ring is: so it costs next to nothing.
        *(ulong*)(_control + SharedLayout.Tail) = (ulong)_tail;
        _messages++;
        _bytes += message.Length;
        if (!isCleared)
            ClearMore(size);
        return true;
    }

    // After a message of that size, which went behind what was cleared, and is not held up by this: of many small ones many at a time go twice as fast as
    // one with each.
    private void ClearMore(long size)
    {
        _clearTo = _tail;
        if (size != SharedLayout.RecordAlignment || _alternates)
            return;
        ClearUpTo(Math.Min(_limit, _tail + (ManyAtOnce * SharedLayout.RecordAlignment)));
        NoteAnswers(_messages - 1);
    }

    private void ClearUpTo(long end)
    {
        long at = _clearTo;
        byte* data = _data;
        long mask = _mask;
        while (at < end)
        {
            at += SharedLayout.RecordAlignment;
            *(ulong*)(data + (at & mask)) = 0;
        }

        _clearTo = at;
    }

    /// <summary>
    /// After what was put there: makes ready for the next message. Where one is sent for each that comes, nobody waits for what
    /// is done after it, and the stores of many lines would hold up the next.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Continue()
    {
        if (!_alternates)
            return;
        NoteAnswers(_messages - 1);
        ClearUpTo(Math.Min(_limit, _tail + ClearedAhead));
    }

    // Whether for each message that was sent since this was asked last, up to the one that is being sent, another has come. Who asks looks at another
    // thread's counter, perhaps: so it is not asked with each message.
    private void NoteAnswers(long sent)
    {
        if (sent <= _noted)
            return;
        long answered = _answers?.Messages ?? 0;
        _alternates = answered - _answered >= sent - _noted;
        _continues = _alternates || _alwaysContinues;
        _answered = answered;
        _noted = sent;
    }

    /// <summary>
    /// <see cref="TryPut"/> for the messages that are copied without a call and have a line of the cache to themselves, where room for them is cleared.
    /// </summary>
    /// <remarks>
    /// What a message takes is what its instructions take, 15 ns where they are 100: so there are few here, none that would have registers saved, and what is
    /// needed once in many messages, or only where somebody waits, is elsewhere.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryPutLine(ref byte message, nuint length)
    {
        long tail = _tail;
        long next = tail + SharedLayout.RecordAlignment;
        if (next > _clearTo)
            return false;
        byte* record = _data + (tail & _mask);
        RingCopy.PutLine(record, (length << 1) | 1, ref message, length);
        _tail = next;
        *(ulong*)(_control + SharedLayout.Tail) = (ulong)next;
        _messages++;
        _bytes += (long)length;
        return true;
    }

    /// <summary>
    /// Puts several messages there at once, as many of the first as have a line of the cache each and find room. They are published together, by the header of the
    /// first, which is stored last: none need be cleared for the others, and a reader that waits takes no line from under them.
    /// </summary>
    /// <param name="lengths">How long they are.</param>
    /// <param name="from">Where the first is.</param>
    /// <param name="room">After how many bytes the next one follows.</param>
    /// <returns>How many; 0 where the first is no such message, or there is no room that is known of.</returns>
    internal int PutLines(ReadOnlySpan<int> lengths, byte* from, nint room)
    {
        int most = (int)Math.Min(Math.Min(lengths.Length, MostTogether), (_limit - _tail) / SharedLayout.RecordAlignment);
        if (most <= 0)
            return 0;
        int firstLength = lengths[0];
        if (!IsLine(firstLength))
            return 0;

        // What begins in the ring goes on in its second mapping.
        byte* first = _data + (_tail & _mask);
        byte* record = first + SharedLayout.RecordAlignment;
        byte* firstFrom = from;
        long bytes = firstLength;
        int count = 1;
        for (; count < most; count++)
        {
            int length = lengths[count];
            if (!IsLine(length))
                break;
            from += room;
            RingCopy.PutSettledLine(record, HeaderOf(length), ref *from, (uint)length);
            bytes += length;
            record += SharedLayout.RecordAlignment;
        }

        long tail = _tail + (count * SharedLayout.RecordAlignment);
        if (tail > _clearTo)
        {
            *(ulong*)record = 0;
            _clearTo = tail;
        }

        RingCopy.PutSettledLine(first, HeaderOf(firstLength), ref *firstFrom, (uint)firstLength);
        _tail = tail;
        *(ulong*)(_control + SharedLayout.Tail) = (ulong)tail;
        _messages += count;
        _bytes += bytes;
        return count;
    }

    private static ulong HeaderOf(int length) => ((ulong)(uint)length << 1) | 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsLine(int length) => (uint)(length - RingCopy.ShortestInParts) <= SharedLayout.LongestInALine - RingCopy.ShortestInParts;

    /// <summary>No more is sent: <see cref="TryPutLine"/> puts nothing there any more, without a look of its own. <see cref="TryPut"/> must not be called again.</summary>
    internal void EndLines()
    {
        _clearTo = long.MinValue;
        _alternates = false;
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
