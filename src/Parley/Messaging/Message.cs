namespace Parley;

/// <summary>A message and what came with it.</summary>
/// <param name="Body">Its bytes. Whose memory they lie in, and for how long, is said where the message comes from.</param>
/// <param name="Header">What came with it.</param>
public readonly record struct Message(ReadOnlyMemory<byte> Body, MessageHeader Header);
