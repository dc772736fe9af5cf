namespace Parley;

/// <summary>What was received into the caller's buffer.</summary>
/// <param name="Length">How many bytes of the buffer the message takes; 0 for a message without any.</param>
/// <param name="Header">What came with it.</param>
public readonly record struct ReceivedMessage(int Length, MessageHeader Header)
{
    // Both in one field, which is returned in a register: two are written one after the other and read back as one, for which a processor waits.
    private readonly long _priorityAndLength = Together(Header.Priority, Length);
    private readonly object? _extras = Header.Extras;

    /// <summary>How many bytes of the buffer the message takes; 0 for a message without any.</summary>
    public int Length
    {
        get => (int)_priorityAndLength;
        init => _priorityAndLength = Together(Priority, value);
    }

    /// <summary>What came with it.</summary>
    public MessageHeader Header
    {
        get => new(Priority, _extras is MessageExtras extras ? MessageExtras.Of(extras.Peer, extras.Properties) : _extras);
        init
        {
            _priorityAndLength = Together(value.Priority, Length);
            _extras = MessageExtras.Of(value.Peer, value.Properties, Delivery, IsEnd);
        }
    }

    /// <summary>
    /// There is no message, and none will come: the peer has ended the conversation. Only channels over a <see cref="Connection"/>,
    /// in shared memory, and pairs within this process end; a queue never does.
    /// </summary>
    public bool IsEnd
    {
        get => _extras is MessageExtras { IsEnd: true };
        init => _extras = MessageExtras.Of(Header.Peer, Header.Properties, Delivery, value);
    }

    /// <summary>
    /// What to tell the channel once the message was dealt with; <see langword="null"/> where a message is the receiver's as soon as it is received, as
    /// with every channel of the operating system.
    /// </summary>
    public MessageDelivery? Delivery
    {
        get => (_extras as MessageExtras)?.Delivery;
        init => _extras = MessageExtras.Of(Header.Peer, Header.Properties, value, IsEnd);
    }

    /// <summary>Whether anything came with the bytes.</summary>
    internal bool HasMore => _extras is not null || Priority != 0;

    /// <summary>The end.</summary>
    internal static ReceivedMessage End { get; } = new(0, default) { IsEnd = true };

    private int Priority => (int)(_priorityAndLength >> 32);

    private static long Together(int priority, int length) => ((long)priority << 32) | (uint)length;
}
