using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley;

/// <summary>
/// Room for several messages that are received at once, to be used again and again. Not safe for use by several threads.
/// </summary>
public sealed class MessageBatch
{
    private readonly byte[] _bytes;
    private readonly ReceivedMessage[] _received;
    private readonly int _messageSize;

    /// <summary>Makes room.</summary>
    /// <param name="capacity">For how many messages at most; 1 or more.</param>
    /// <param name="messageSize">
    /// For how many bytes each: <see cref="MessageChannel.MaxMessageSize"/>, or less where it is known that none is longer (a longer one
    /// throws). 0 or more.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range, or both together are more than 2 GiB.</exception>
    public MessageBatch(int capacity, int messageSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(messageSize);
        if ((long)capacity * messageSize > Array.MaxLength)
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "So many messages of this size do not fit into one piece of memory.");
        _messageSize = messageSize;
        _bytes = GC.AllocateUninitializedArray<byte>(capacity * messageSize, pinned: true);
        _received = new ReceivedMessage[capacity];
    }

    /// <summary>For how many messages there is room.</summary>
    public int Capacity => _received.Length;

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
            return new Message(Room(index)[.._received[index].Length], _received[index].Header) { Delivery = _received[index].Delivery };
        }
    }

    /// <summary>For how many bytes there is room in each.</summary>
    internal int MessageSize => _messageSize;

    /// <summary>Where the message of that index goes. Pinned: its address does not change, and the next one's follows.</summary>
    internal Memory<byte> Room(int index) => _bytes.AsMemory(index * _messageSize, _messageSize);

    internal unsafe byte* Pointer(int index)
        => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes)) + ((nint)index * _messageSize);

    internal int LengthOf(int index) => _received[index].Length;

    internal void Clear() => Count = 0;

    /// <summary>The next room has been filled.</summary>
    internal void Add(ReceivedMessage received) => _received[Count++] = received;
}
