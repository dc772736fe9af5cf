using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Parley.RabbitMQ;

/// <summary>The channel of one connection that messages come by, and are acknowledged by.</summary>
internal sealed class ReceivingChannel : IAsyncBasicConsumer
{
    private readonly BrokerLink _link;
    private readonly IChannel _channel;
    private readonly Inbox _inbox;
    private readonly AmqpEndPoint _queue;
    private readonly TimeSpan _timeout;
    private int? _wanted;
    private readonly TaskCompletionSource<ConnectionException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ReceivingChannel(BrokerLink link, IChannel channel, Inbox inbox, AmqpEndPoint queue, RabbitMQOptions options)
    {
        _link = link;
        _channel = channel;
        _inbox = inbox;
        _queue = queue;
        _timeout = options.CallTimeout;
        _wanted = options.MaxDeliveries;
        channel.ChannelShutdownAsync += (_, reason) => EndAsync(reason);
    }

    IChannel? IAsyncBasicConsumer.Channel => _channel;

    internal bool IsOpen => !_link.HasEnded && !_ended.Task.IsCompleted;

    /// <summary>Completed with the reason once no more comes by it.</summary>
    internal Task<ConnectionException> Ended => _ended.Task;

    internal static async Task<ReceivingChannel> OpenAsync(BrokerLink link, Inbox inbox, AmqpEndPoint queue, RabbitMQOptions options)
    {
        IChannel channel = await link.OpenChannelAsync(null, CancellationToken.None).ConfigureAwait(false);
        var receiving = new ReceivingChannel(link, channel, inbox, queue, options);
        ushort prefetch = (ushort)Math.Min(options.Prefetch, options.MaxDeliveries ?? options.Prefetch);
        await link.CallAsync(Step.Receive, stop => channel.BasicQosAsync(0, prefetch, global: false, stop), CancellationToken.None).ConfigureAwait(false);
        await link.CallAsync(Step.Receive, stop => channel.BasicConsumeAsync(queue.Queue, autoAck: false, "", noLocal: false, exclusive: false, null, receiving, stop), CancellationToken.None).ConfigureAwait(false);
        return receiving;
    }

    internal async ValueTask TellAsync(ulong number, Func<IChannel, ulong, CancellationToken, ValueTask> tell, CancellationToken cancellationToken)
    {
        if (!IsOpen)
            throw Gone();
        try
        {
            ValueTask told = tell(_channel, number, cancellationToken);
            if (told.IsCompletedSuccessfully)
                return;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _link.EndToken);
            Task waiting = told.AsTask();
            _ = waiting.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await waiting.WaitAsync(_timeout, stop.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new ConnectionException(Step.Receive, Reason.TimedOut, _queue, $"the broker was not told within {_timeout.TotalSeconds:0.###} s; the message may be delivered again");
        }
        catch (Exception failure) when (BrokerFailure.IsExpected(failure))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Gone(failure);
        }
    }

    async Task IAsyncBasicConsumer.HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        (MessageHeader header, long? earlier) = Headers.Received(properties);
        var arrival = new Arrival(body.Span, header, new RabbitMQDelivery(this, deliveryTag, redelivered, earlier));

        // Before anybody has it, and could acknowledge it: that would make room for the next.
        if (--_wanted == 0)
            await _channel.BasicCancelAsync(consumerTag, noWait: true, cancellationToken).ConfigureAwait(false);
        _inbox.Add(arrival);
    }

    Task IAsyncBasicConsumer.HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken)
        => EndAsync(new ConnectionException(Step.Receive, Reason.NotFound, _queue, "the queue was removed, or its node is gone"));

    Task IAsyncBasicConsumer.HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken) => Task.CompletedTask;

    Task IAsyncBasicConsumer.HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken) => Task.CompletedTask;

    Task IAsyncBasicConsumer.HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => EndAsync(reason);

    private Task EndAsync(ShutdownEventArgs reason)
        => reason.Initiator == ShutdownInitiator.Application ? Task.CompletedTask : EndAsync(BrokerFailure.Of(reason, Step.Receive, _queue));

    private Task EndAsync(ConnectionException reason)
    {
        _ended.TrySetResult(reason);
        return Task.CompletedTask;
    }

    private ConnectionException Gone(Exception? inner = null)
        => new(Step.Receive, Reason.Reset, _queue, "the connection that the message came by is gone; the message will be delivered again", inner: inner);
}
