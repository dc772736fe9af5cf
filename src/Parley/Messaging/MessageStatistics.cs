namespace Parley;

/// <summary>What a channel has moved so far.</summary>
/// <param name="MessagesReceived">Messages taken from the channel.</param>
/// <param name="MessagesSent">Messages that the channel has taken.</param>
/// <param name="BytesReceived">Their bytes, without frames and headers.</param>
/// <param name="BytesSent">Their bytes, without frames and headers.</param>
/// <param name="Truncated">Messages that did not fit into the receiver's buffer, and are lost (UDP): each was an error to its receiver.</param>
public readonly record struct MessageStatistics(long MessagesReceived, long MessagesSent, long BytesReceived, long BytesSent, long Truncated)
{
    /// <summary>
    /// Messages that the system threw away because they came faster than they were received (UDP, where the system tells): nobody has
    /// seen them. 0 for a channel that makes its senders wait. Of datagrams that came together the system counts one (see
    /// <see cref="UdpEndPoint"/>): then it is fewer than were lost.
    /// </summary>
    public long Dropped { get; init; }
}
