using Parley.Transports;

namespace Parley.RabbitMQ;

/// <summary>What the library asks for queues of a broker.</summary>
internal sealed class RabbitMQBroker(RabbitMQOptions options) : BrokerTransport
{
    internal override async ValueTask<MessageChannel> OpenAsync(AmqpEndPoint queue, MessageChannelOptions channelOptions, CancellationToken cancellationToken)
    {
        var connector = new BrokerConnector(queue, options, channelOptions);
        BrokerLink link = await connector.ConnectAsync(cancellationToken).ConfigureAwait(false);
        return new RabbitMQChannel(connector, link, options, channelOptions);
    }

    internal override INamedObject NamedObjectOf(AmqpEndPoint queue) => new BrokerQueueObject(new BrokerQueue(queue, options));
}
