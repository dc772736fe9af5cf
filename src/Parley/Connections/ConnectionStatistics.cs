namespace Parley;

/// <summary>What a conversation has moved so far.</summary>
/// <param name="BytesReceived">Bytes taken from the channel.</param>
/// <param name="BytesSent">Bytes that the channel has taken.</param>
/// <param name="Elapsed">Time since the connection was made.</param>
/// <param name="EndedByPeer">Whether the peer ended its side, or broke off, before this side did.</param>
public readonly record struct ConnectionStatistics(long BytesReceived, long BytesSent, TimeSpan Elapsed, bool EndedByPeer);
