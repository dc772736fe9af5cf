using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>Makes, looks at and removes a queue.</summary>
internal sealed class BrokerQueue(AmqpEndPoint queue, RabbitMQOptions options)
{
    private const string DeadSuffix = ".dead";

    internal AmqpEndPoint EndPoint => queue;

    internal Task CreateAsync(RabbitMQQueueOptions queueOptions, CancellationToken cancellationToken) => WithLinkAsync(Step.Create, async link =>
    {
        if (await FindAsync(link, Step.Create, cancellationToken).ConfigureAwait(false) is not null)
            throw new ConnectionException(Step.Create, Reason.InUse, queue, "there is a queue of that name");
        IChannel channel = await link.OpenChannelAsync(null, cancellationToken).ConfigureAwait(false);
        string dead = queue.Queue + DeadSuffix;
        if (queueOptions.HasDeadLetterQueue)
            await DeclareAsync(dead, new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = KindOf(queueOptions) }).ConfigureAwait(false);
        await DeclareAsync(queue.Queue, Arguments(queueOptions, dead)).ConfigureAwait(false);
        return true;

        Task DeclareAsync(string name, Dictionary<string, object?> arguments) => link.CallAsync(
            Step.Create, stop => channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: stop), cancellationToken);
    }, cancellationToken);

    internal Task<NamedObjectStatus> InspectAsync(CancellationToken cancellationToken) => WithLinkAsync(Step.Open, async link =>
    {
        QueueDeclareOk found = await FindAsync(link, Step.Open, cancellationToken).ConfigureAwait(false) ?? throw NotFound(Step.Open);
        return new NamedObjectStatus { EndPoint = queue, Type = "queue", MessagesWaiting = (int)Math.Min(found.MessageCount, int.MaxValue), Receivers = found.ConsumerCount };
    }, cancellationToken);

    internal Task RemoveAsync(CancellationToken cancellationToken) => WithLinkAsync(Step.Remove, async link =>
    {
        if (await FindAsync(link, Step.Remove, cancellationToken).ConfigureAwait(false) is null)
            throw NotFound(Step.Remove);
        IChannel channel = await link.OpenChannelAsync(null, cancellationToken).ConfigureAwait(false);
        await link.CallAsync(Step.Remove, stop => channel.QueueDeleteAsync(queue.Queue, ifUnused: false, ifEmpty: false, cancellationToken: stop), cancellationToken).ConfigureAwait(false);
        string dead = queue.Queue + DeadSuffix;
        try
        {
            // A quorum queue knows no condition; so it is looked at before.
            QueueDeclareOk left = await link.CallAsync(Step.Remove, stop => channel.QueueDeclarePassiveAsync(dead, stop), cancellationToken).ConfigureAwait(false);
            if (left is { MessageCount: 0, ConsumerCount: 0 })
                await link.CallAsync(Step.Remove, stop => channel.QueueDeleteAsync(dead, ifUnused: false, ifEmpty: false, cancellationToken: stop), cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException missing) when (missing.Reason == Reason.NotFound)
        {
            // It was made without one.
        }

        return true;
    }, cancellationToken);

    private static string KindOf(RabbitMQQueueOptions queueOptions) => queueOptions.Kind == RabbitMQQueueKind.Quorum ? "quorum" : "classic";

    private static Dictionary<string, object?> Arguments(RabbitMQQueueOptions queueOptions, string dead)
    {
        // One too many is refused, never an older one dropped.
        var arguments = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = KindOf(queueOptions), ["x-overflow"] = "reject-publish" };
        if (queueOptions.Capacity is int capacity)
            arguments["x-max-length"] = capacity;
        if (queueOptions.MaxPriority > 0)
            arguments["x-max-priority"] = queueOptions.MaxPriority;
        if (queueOptions.Kind == RabbitMQQueueKind.Quorum)
            arguments["x-delivery-limit"] = queueOptions.DeliveryLimit;
        if (queueOptions.HasDeadLetterQueue)
        {
            arguments["x-dead-letter-exchange"] = "";
            arguments["x-dead-letter-routing-key"] = dead;
            if (queueOptions.Kind == RabbitMQQueueKind.Quorum)
                arguments["x-dead-letter-strategy"] = "at-least-once";
        }

        foreach ((string name, object? value) in queueOptions.Arguments)
            arguments[name] = value;
        return arguments;
    }

    private ConnectionException NotFound(Step step) => new(step, Reason.NotFound, queue, "there is no queue of that name");

    // Asking for a queue that is not there ends the channel that asks.
    private async Task<QueueDeclareOk?> FindAsync(BrokerLink link, Step step, CancellationToken cancellationToken)
    {
        IChannel channel = await link.OpenChannelAsync(null, cancellationToken).ConfigureAwait(false);
        try
        {
            return await link.CallAsync(step, stop => channel.QueueDeclarePassiveAsync(queue.Queue, stop), cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException missing) when (missing.Reason == Reason.NotFound)
        {
            return null;
        }
    }

    private async Task<T> WithLinkAsync<T>(Step step, Func<BrokerLink, Task<T>> use, CancellationToken cancellationToken)
    {
        var connector = new BrokerConnector(queue, options, new MessageChannelOptions { ConnectTimeout = options.CallTimeout });
        BrokerLink link = await connector.ConnectAsync(step, cancellationToken).ConfigureAwait(false);
        try
        {
            T result = await use(link).ConfigureAwait(false);
            await link.CloseAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);
            return result;
        }
        finally
        {
            link.Abandon();
        }
    }
}
