namespace Parley;

/// <summary>A message and what came with it.</summary>
/// <param name="Body">Its bytes. Whose memory they lie in, and for how long, is said where the message comes from.</param>
/// <param name="Header">What came with it.</param>
public readonly record struct Message(ReadOnlyMemory<byte> Body, MessageHeader Header)
{
    /// <summary>What to tell the channel once it was dealt with; <see langword="null"/> where nobody waits for that.</summary>
    public MessageDelivery? Delivery { get; init; }
}
