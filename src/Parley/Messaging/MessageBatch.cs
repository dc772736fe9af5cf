using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley;

/// <summary>
/// Room for several messages that are received, or sent, at once; to be used again and again. What was received can be sent on as it is. Not safe for use by several threads.
/// </summary>
public sealed partial class MessageBatch
{
    // Rooms of a multiple of it begin with a line of the cache each: what would lie in two takes twice as long to store.
    private const int Line = 64;

    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly int[] _lengths;
    private readonly int _messageSize;

    // Where something came with a message: most channels have nothing but bytes, and a reference costs as much to store as a small message.
    private ReceivedMessage[]? _received;
    private bool _hasMore;

    // Made when it is first sent by a channel that takes its messages one by one.
    private ReadOnlyMemory<byte>[]? _bodies;

    /// <summary>Makes room.</summary>
    /// <param name="capacity">For how many messages at most; 1 or more.</param>
    /// <param name="messageSize">
    /// For how many bytes each: <see cref="MessageChannel.MaxMessageSize"/>, or less where it is known that none is longer (a longer one
    /// throws). 0 or more.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range, or both together are more than 2 GiB.</exception>
    public unsafe MessageBatch(int capacity, int messageSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(messageSize);
        if ((long)capacity * messageSize > Array.MaxLength - Line)
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "So many messages of this size do not fit into one piece of memory.");
        _messageSize = messageSize;
        _bytes = GC.AllocateUninitializedArray<byte>((capacity * messageSize) + Line, pinned: true);
        _start = (int)(-(nint)FirstByte & (Line - 1));
        _lengths = new int[capacity];
    }

    /// <summary>For how many messages there is room.</summary>
    public int Capacity => _lengths.Length;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>One of them; valid until the batch is received into again.</summary>
    /// <param name="index">Which, from 0, in the order of receiving.</param>
    public Message this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            ReceivedMessage received = _hasMore ? _received![index] : default;
            return new Message(Room(index)[.._lengths[index]], received.Header) { Delivery = received.Delivery };
        }
    }

    /// <summary>Adds a message, to be sent with <see cref="MessageChannel.SendBatch"/>.</summary>
    /// <param name="length">Its length in bytes.</param>
    /// <returns>Where its bytes go, before it is sent. What is there is what was there last.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is longer than there is room for each.</exception>
    /// <exception cref="InvalidOperationException">There is no room for another.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Add(int length)
    {
        int[] lengths = _lengths;
        int index = Count;
        if ((uint)index >= (uint)lengths.Length || (uint)length > (uint)_messageSize)
            ThrowNoRoom(length);
        lengths[index] = length;
        Count = index + 1;
        return MemoryMarshal.CreateSpan(ref FirstOf(index), length);
    }

    /// <summary>Adds a message, to be sent with <see cref="MessageChannel.SendBatch"/>.</summary>
    /// <param name="body">Its bytes, which are copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is longer than there is room for each.</exception>
    /// <exception cref="InvalidOperationException">There is no room for another.</exception>
    public void Add(ReadOnlySpan<byte> body) => body.CopyTo(Add(body.Length));

    /// <summary>Takes all messages out of it.</summary>
    public void Clear()
    {
        if (_hasMore)
            Array.Clear(_received!, 0, Count);
        _hasMore = false;
        Count = 0;
    }

    /// <summary>The bytes of one of them, without what came with it; valid until the batch is received into again. They may be changed before they are sent on.</summary>
    /// <param name="index">Which, from 0, in the order of receiving.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such message.</exception>
    public Span<byte> GetBody(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return MemoryMarshal.CreateSpan(ref FirstOf(index), _lengths[index]);
    }

    /// <summary>For how many bytes there is room in each.</summary>
    internal int MessageSize => _messageSize;

    /// <summary>Where the message of that index goes. Pinned: its address does not change, and the next one's follows.</summary>
    internal Memory<byte> Room(int index) => _bytes.AsMemory(_start + (index * _messageSize), _messageSize);

    internal unsafe byte* Pointer(int index)
        => FirstByte + _start + ((nint)index * _messageSize);

    // Of an index that there is, whatever other threads do that must not: the caller has compared it with the lengths.
    private ref byte FirstOf(int index) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_bytes), _start + ((nint)index * _messageSize));

    [DoesNotReturn]
    private void ThrowNoRoom(int length)
    {
        if (Count == Capacity)
            throw new InvalidOperationException("The batch holds as many messages as it has room for.");
        throw new ArgumentOutOfRangeException(nameof(length), length, $"The batch has room for messages of 0 to {_messageSize} bytes.");
    }

    private unsafe byte* FirstByte => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));

    internal int LengthOf(int index) => _lengths[index];

    /// <summary>The lengths of the messages from one on.</summary>
    internal ReadOnlySpan<int> LengthsFrom(int index) => _lengths.AsSpan(index, Count - index);

    /// <summary>The lengths to be of the messages that go into the rooms from one on, which is <see cref="Count"/>: <see cref="NoteReceived(int)"/>.</summary>
    internal Span<int> LengthsLeft(int index) => _lengths.AsSpan(index);

    /// <summary>The messages, one by one; valid until it is called again.</summary>
    internal ReadOnlyMemory<ReadOnlyMemory<byte>> Bodies()
    {
        _bodies ??= new ReadOnlyMemory<byte>[Capacity];
        for (int i = 0; i < Count; i++)
            _bodies[i] = Room(i)[.._lengths[i]];
        return _bodies.AsMemory(0, Count);
    }

    /// <summary>The next room has been filled.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A channel that is not of this library says that it has received more than it had room for.</exception>
    internal void Add(ReceivedMessage received)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)received.Length, (uint)_messageSize, nameof(received));
        if (received.HasMore)
        {
            _received ??= new ReceivedMessage[Capacity];
            _hasMore = true;
            _received[Count] = received;
        }

        _lengths[Count++] = received.Length;
    }

    /// <summary>The next rooms have been filled, by messages that nothing came with, and their lengths set.</summary>
    internal void NoteReceived(int count) => Count += count;
}
