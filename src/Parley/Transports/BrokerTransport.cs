namespace Parley.Transports;

/// <summary>What a package of its own does for <c>amqp:</c> endpoints, so that the library needs no broker's client.</summary>
internal abstract class BrokerTransport
{
    private static BrokerTransport? _used;

    /// <summary>Opens the queue to send and to receive.</summary>
    internal abstract ValueTask<MessageChannel> OpenAsync(AmqpEndPoint queue, MessageChannelOptions options, CancellationToken cancellationToken);

    /// <summary>What makes, looks at and removes the queue; its calls block for a limited time.</summary>
    internal abstract INamedObject NamedObjectOf(AmqpEndPoint queue);

    /// <summary>From now on this one is asked.</summary>
    internal static void Use(BrokerTransport transport) => Volatile.Write(ref _used, transport);

    /// <exception cref="InvalidOperationException">The program has none.</exception>
    internal static BrokerTransport Required(AmqpEndPoint queue) => Volatile.Read(ref _used) ?? throw new InvalidOperationException(
        $"{queue} needs the package Parley.RabbitMQ, and before its first use the line: Parley.RabbitMQTransport.Use();");
}
