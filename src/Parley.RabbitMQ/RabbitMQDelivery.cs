using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>One delivery by the broker, over one connection: with that it is void.</summary>
internal sealed class RabbitMQDelivery(ReceivingChannel receiving, ulong number, bool isRedelivered, long? earlier) : MessageDelivery
{
    private int _told;

    // A classic queue does not count, but marks.
    public override bool IsRedelivered => isRedelivered || earlier > 0;

    public override long? EarlierDeliveries => earlier;

    internal bool IsVoid => !receiving.IsOpen;

    public override ValueTask AcknowledgeAsync(CancellationToken cancellationToken = default)
        => TellAsync(static (channel, number, stop) => channel.BasicAckAsync(number, multiple: false, stop), cancellationToken);

    public override ValueTask RequeueAsync(CancellationToken cancellationToken = default)
        => TellAsync(static (channel, number, stop) => channel.BasicNackAsync(number, multiple: false, requeue: true, stop), cancellationToken);

    public override ValueTask RejectAsync(CancellationToken cancellationToken = default)
        => TellAsync(static (channel, number, stop) => channel.BasicNackAsync(number, multiple: false, requeue: false, stop), cancellationToken);

    private ValueTask TellAsync(Func<IChannel, ulong, CancellationToken, ValueTask> tell, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        return Interlocked.Exchange(ref _told, 1) != 0 ? ValueTask.CompletedTask : receiving.TellAsync(number, tell, cancellationToken);
    }
}
