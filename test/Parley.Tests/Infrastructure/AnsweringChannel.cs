using System.Net;

namespace Parley.Tests;

/// <summary>A bound channel that sends to one peer what says nobody else, as if it were connected to it.</summary>
internal sealed class AnsweringChannel(MessageChannel bound, EndPoint peer) : MessageChannel
{
    public override EndPoint? LocalEndPoint => bound.LocalEndPoint;

    public override EndPoint? RemoteEndPoint => peer;

    public override int MaxMessageSize => bound.MaxMessageSize;

    public override MessageStatistics Statistics => bound.Statistics;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
        => bound.SendAsync(message, To(header), cancellationToken);

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default) => bound.TrySend(message, To(header));

    public override void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout) => bound.Send(message, To(header), timeout);

    public override ValueTask SendBatchAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> messages, MessageHeader header = default, CancellationToken cancellationToken = default)
        => bound.SendBatchAsync(messages, To(header), cancellationToken);

    public override ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => bound.ReceiveAsync(buffer, cancellationToken);

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received) => bound.TryReceive(buffer, out received);

    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout) => bound.Receive(buffer, timeout);

    public override ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
        => bound.ReceiveBatchAsync(batch, cancellationToken);

    public override ValueTask WaitToSendAsync(CancellationToken cancellationToken = default) => bound.WaitToSendAsync(cancellationToken);

    public override ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default) => bound.WaitToReceiveAsync(cancellationToken);

    public override ValueTask DisposeAsync() => bound.DisposeAsync();

    private MessageHeader To(MessageHeader header) => header with { Peer = header.Peer ?? peer };
}
