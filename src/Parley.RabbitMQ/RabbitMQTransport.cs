using Parley.RabbitMQ;
using Parley.Transports;

namespace Parley;

/// <summary>Queues of RabbitMQ: <c>amqp:</c> and <c>amqps:</c> endpoints. Safe for use by any number of threads.</summary>
public static class RabbitMQTransport
{
    /// <summary>Lets this process open, make, inspect and remove what is behind <see cref="AmqpEndPoint"/>. Saying so again does nothing.</summary>
    public static void Use() => BrokerTransport.Use(RabbitMQBroker.Shared);
}
