using Parley.Transports;

namespace Parley.RabbitMQ;

/// <summary>What the library asks for queues of a broker.</summary>
internal sealed class RabbitMQBroker : BrokerTransport
{
    internal static readonly RabbitMQBroker Shared = new();

    internal override ValueTask<MessageChannel> OpenAsync(AmqpEndPoint queue, MessageChannelOptions options, CancellationToken cancellationToken)
        => throw new NotSupportedException($"{queue} cannot be opened yet.");

    internal override INamedObject NamedObjectOf(AmqpEndPoint queue) => throw new NotSupportedException($"{queue} cannot be made yet.");
}
