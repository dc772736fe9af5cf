using System.Net;
using System.Runtime.CompilerServices;

namespace Parley.Transports.Memory;

/// <summary>One end of a conversation of messages within this process.</summary>
internal sealed class MemoryMessageChannel(MemoryMessageQueue incoming, MemoryMessageQueue outgoing, int maxMessageSize) : MessageChannel
{
    // What POSIX gives at least (_POSIX_MQ_PRIO_MAX), so that what works here works there.
    private const int HighestPriority = 31;

    private long _messagesReceived;
    private long _messagesSent;
    private long _bytesReceived;
    private long _bytesSent;
    private int _disposed;

    public override EndPoint? LocalEndPoint => null;

    public override EndPoint? RemoteEndPoint => null;

    public override int MaxMessageSize => maxMessageSize;

    public override int MaxPriority => HighestPriority;

    public override MessageStatistics Statistics => new(
        Interlocked.Read(ref _messagesReceived), Interlocked.Read(ref _messagesSent),
        Interlocked.Read(ref _bytesReceived), Interlocked.Read(ref _bytesSent), Truncated: 0);

    internal static (MessageChannel First, MessageChannel Second) MakePair(int capacity, int maxMessageSize)
    {
        var there = new MemoryMessageQueue(capacity);
        var back = new MemoryMessageQueue(capacity);
        return (new MemoryMessageChannel(back, there, maxMessageSize), new MemoryMessageChannel(there, back, maxMessageSize));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TrySend(message.Span, header))
            await WaitToSendAsync(cancellationToken).ConfigureAwait(false);
    }

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default)
    {
        ThrowIfDisposed(Step.Send);
        ArgumentOutOfRangeException.ThrowIfNegative(header.Priority, nameof(header));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(header.Priority, HighestPriority, nameof(header));
        if (message.Length > maxMessageSize)
            throw new ConnectionException(Step.Send, Reason.TooLarge, null, $"the message has {message.Length} bytes, the channel takes at most {maxMessageSize}");
        if (!outgoing.TryAdd(message, header.Priority))
            return false;
        Interlocked.Increment(ref _messagesSent);
        Interlocked.Add(ref _bytesSent, message.Length);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReceivedMessage received;
        while (!TryReceive(buffer.Span, out received))
            await WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
        return received;
    }

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        ThrowIfDisposed(Step.Receive);
        if (!incoming.TryTake(buffer, out received))
            return false;
        if (!received.IsEnd)
        {
            Interlocked.Increment(ref _messagesReceived);
            Interlocked.Add(ref _bytesReceived, received.Length);
        }

        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WaitToSendAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed(Step.Send);
        await outgoing.WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfDisposed(Step.Send);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed(Step.Receive);
        await incoming.WaitForMessageAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfDisposed(Step.Receive);
    }

    public override ValueTask CompleteSendsAsync(CancellationToken cancellationToken = default)
    {
        outgoing.Complete();
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            outgoing.Complete();
            incoming.Close();
        }

        return ValueTask.CompletedTask;
    }

    private void ThrowIfDisposed(Step step)
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw new ConnectionException(step, Reason.Aborted, null, "the channel was disposed");
    }
}
