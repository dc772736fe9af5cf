namespace Parley.Transports.Descriptors;

/// <summary>Messages and bytes that went each way, counted by one thread at a time, without interlocked operations; read by any.</summary>
internal sealed class MessageTally
{
    private long _messagesReceived;
    private long _messagesSent;
    private long _bytesReceived;
    private long _bytesSent;

    internal void Received(int length)
    {
        Volatile.Write(ref _messagesReceived, _messagesReceived + 1);
        Volatile.Write(ref _bytesReceived, _bytesReceived + length);
    }

    internal void Sent(int length)
    {
        Volatile.Write(ref _messagesSent, _messagesSent + 1);
        Volatile.Write(ref _bytesSent, _bytesSent + length);
    }

    /// <summary>These, and what was counted elsewhere.</summary>
    internal MessageStatistics Plus(in MessageStatistics others) => others with
    {
        MessagesReceived = others.MessagesReceived + Volatile.Read(ref _messagesReceived),
        MessagesSent = others.MessagesSent + Volatile.Read(ref _messagesSent),
        BytesReceived = others.BytesReceived + Volatile.Read(ref _bytesReceived),
        BytesSent = others.BytesSent + Volatile.Read(ref _bytesSent),
    };
}
