namespace Parley.RabbitMQ;

internal sealed partial class RabbitMQChannel
{
    public override async ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReceivedMessage received;
        while (!TryTake(buffer.Span, out received))
            await _inbox.WaitAsync(_wantMessages, cancellationToken).ConfigureAwait(false);
        return received;
    }

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        if (TryTake(buffer, out received))
            return true;
        _keeper.WantMessages();
        return false;
    }

    public override async ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.Clear();
        batch.Add(await ReceiveAsync(batch.Room(0), cancellationToken).ConfigureAwait(false));
        while (batch.Count < batch.Capacity && TryTakeFitting(batch.Room(batch.Count).Span, out ReceivedMessage next))
            batch.Add(next);
        return batch.Count;
    }

    public override async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await _inbox.WaitAsync(_wantMessages, cancellationToken).ConfigureAwait(false);
    }

    private bool TryTake(Span<byte> buffer, out ReceivedMessage received)
    {
        if (!_inbox.TryTake(buffer, out received))
            return false;
        Interlocked.Increment(ref _messagesReceived);
        Interlocked.Add(ref _bytesReceived, received.Length);
        return true;
    }

    private bool TryTakeFitting(Span<byte> buffer, out ReceivedMessage received)
    {
        try
        {
            return TryTake(buffer, out received);
        }
        catch (ConnectionException)
        {
            // The next call tells: what was received before is the caller's.
            received = default;
            return false;
        }
    }
}
