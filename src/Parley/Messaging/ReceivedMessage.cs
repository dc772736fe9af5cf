namespace Parley;

/// <summary>What was received into the caller's buffer.</summary>
/// <param name="Length">How many bytes of the buffer the message takes; 0 for a message without any.</param>
/// <param name="Header">What came with it.</param>
public readonly record struct ReceivedMessage(int Length, MessageHeader Header)
{
    /// <summary>
    /// There is no message, and none will come: the peer has ended the conversation. Only channels over a <see cref="Connection"/>,
    /// in shared memory, and pairs within this process end; a queue never does.
    /// </summary>
    public bool IsEnd { get; init; }

    /// <summary>
    /// What to tell the channel once the message was dealt with; <see langword="null"/> where a message is the receiver's as soon as it is received, as
    /// with every channel of the operating system.
    /// </summary>
    public MessageDelivery? Delivery { get; init; }

    /// <summary>The end.</summary>
    internal static ReceivedMessage End => new(0, default) { IsEnd = true };
}
