namespace Parley.Tests.Messaging;

/// <summary>What every message channel promises, whatever carries it. Each channel runs all of it.</summary>
public abstract partial class MessageContract
{
    private readonly MessageKind _kind;

    private protected MessageContract(MessageKind kind) => _kind = kind;

    /// <summary>Whether messages have priorities.</summary>
    private bool HasPriorities => _kind is MessageKind.Memory or MessageKind.Queue;

    /// <summary>Whether a peer that has no more to say can say so.</summary>
    private bool HasEnd => _kind is MessageKind.Memory or MessageKind.SharedMemory or MessageKind.SharedMemoryFenced || IsFramed;

    /// <summary>Whether a sender feels that nobody receives.</summary>
    private bool FeelsBackpressure => !IsDatagrams && _kind is not MessageKind.Broker;

    /// <summary>A byte that no message of this channel can contain.</summary>
    private byte? Forbidden => _kind switch
    {
        MessageKind.LineOverMemory => (byte)'\n',
        MessageKind.NulOverMemory => 0,
        _ => null,
    };

    /// <summary>Whether messages go over a stream.</summary>
    private bool IsFramed => _kind is MessageKind.LineOverMemory or MessageKind.NulOverMemory or MessageKind.Len32OverMemory
        or MessageKind.Len32OverUnix or MessageKind.Len32OverTcp;

    /// <summary>Whether both ends send to and receive from the same place.</summary>
    private bool IsOneQueue => _kind is MessageKind.Queue or MessageKind.Broker;

    /// <summary>Whether a message that is longer than the receiver's buffer waits for a larger one.</summary>
    private bool KeepsWhatDoesNotFit => !IsDatagrams;

    private bool IsDatagrams => _kind is MessageKind.Udp4 or MessageKind.Udp6;

    private Task<MessagePair> OpenAsync() => MessagePair.OpenAsync(_kind);

    private byte[] Bytes(int length, int seed = 1)
    {
        byte[] bytes = Payload.Random(length, seed);
        if (Forbidden is byte forbidden)
            bytes.AsSpan().Replace(forbidden, (byte)(forbidden + 1));
        return bytes;
    }

    private static async Task<byte[]> ReceiveAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[channel.MaxMessageSize];
        ReceivedMessage received = await channel.ReceiveAsync(buffer).Within();
        Assert.False(received.IsEnd, "the end instead of a message");
        return buffer[..received.Length];
    }

    private static async Task<ConnectionException> ThrowsAsync(Reason reason, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True(failure.Reason == reason, $"{failure.Reason} instead of {reason}: {failure}");
        return failure;
    }
}
