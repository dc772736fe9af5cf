namespace Parley.Transports;

/// <summary>What is said to a client that is turned away, in the words of the protocol it came to speak: a few bytes, which always have room.</summary>
/// <param name="NotAllowed">To one that the rules refuse.</param>
/// <param name="NoRoom">To one that has as much as a peer may have.</param>
internal sealed record LastWords(ReadOnlyMemory<byte> NotAllowed, ReadOnlyMemory<byte> NoRoom);
