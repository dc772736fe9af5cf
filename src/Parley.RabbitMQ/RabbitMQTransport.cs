using Parley.RabbitMQ;
using Parley.Transports;

namespace Parley;

/// <summary>Queues of RabbitMQ: <c>amqp:</c> and <c>amqps:</c> endpoints. Safe for use by any number of threads.</summary>
/// <remarks>
/// <para>A send is over once the broker has confirmed the message. One that was on its way when the connection broke is sent again with the next connection, and marked
/// (<c>x-parley-resent</c> in <see cref="MessageHeader.Properties"/>), for the broker may have it already: a message arrives at least once. Every message has a
/// <c>message-id</c>, its sender's own or one that is made, so that who receives it twice can tell. A send that gives up, by its deadline or by cancellation, may have been sent all the same
/// where it was on its way.</para>
/// <para><see cref="MessageChannel.TrySend"/> hands a message over and does not wait: <see langword="false"/> where the window is full
/// (<see cref="RabbitMQOptions.ConfirmWindow"/>) or the broker is away. What it took and the broker did not is thrown by <see cref="MessageChannel.CompleteSendsAsync"/>, which waits for it,
/// and by disposing.</para>
/// <para>A message that is received has a <see cref="ReceivedMessage.Delivery"/>: until that is told, the message stays with the broker, and is delivered again when the connection is gone. Waiting for
/// messages begins with the first call that receives, so a channel that only sends takes none from others.</para>
/// <para>While the broker is away it is looked for, after 100 ms, and less and less often, up to every 5 s. Sends wait until their deadline, receivers until it is back.</para>
/// </remarks>
public static class RabbitMQTransport
{
    /// <summary>Lets this process open, make, inspect and remove what is behind <see cref="AmqpEndPoint"/>.</summary>
    /// <param name="options">
    /// What holds where a call has none of its own: for <see cref="MessageChannel.OpenAsync"/> and <see cref="NamedObject"/>. <see langword="null"/> for the defaults. Later
    /// calls replace it, for what is opened from then on.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range, or contradicts another.</exception>
    public static void Use(RabbitMQOptions? options = null) => BrokerTransport.Use(new RabbitMQBroker((options ?? new RabbitMQOptions()).Snapshot()));

    /// <summary>Opens a queue that exists, to send and to receive.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="options">How this process talks to the broker.</param>
    /// <param name="channelOptions">
    /// <see cref="MessageChannelOptions.MaxMessageSize"/>, <see cref="ConnectionOptions.ConnectTimeout"/>, <see cref="ConnectionOptions.CloseTimeout"/>,
    /// <see cref="ConnectionOptions.RetryCount"/>, <see cref="ConnectionOptions.Tls"/> and <see cref="ConnectionOptions.LoggerFactory"/>; the others are of no use here. <see langword="null"/> for the defaults.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The channel; the caller disposes it.</returns>
    /// <exception cref="ConnectionException">
    /// It could not be opened: <see cref="Reason.Refused"/> where no broker is, <see cref="Reason.Denied"/> where the user or the password is wrong,
    /// <see cref="Reason.NotFound"/> where there is no such virtual host or queue, <see cref="Reason.Untrusted"/> where the broker is not who it has to be.
    /// </exception>
    /// <exception cref="ArgumentException">An option is out of its range, or contradicts another.</exception>
    public static ValueTask<MessageChannel> OpenAsync(
        AmqpEndPoint queue, RabbitMQOptions options, MessageChannelOptions? channelOptions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(options);
        MessageChannelOptions copy = (channelOptions ?? new MessageChannelOptions()).Snapshot();
        copy.AccessRules?.Check(queue);
        return new RabbitMQBroker(options.Snapshot()).OpenAsync(queue, copy, cancellationToken);
    }

    /// <summary>Makes a queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="queueOptions">What with; <see langword="null"/> for the defaults.</param>
    /// <param name="options">How this process talks to the broker; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up; it may have been made.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Create"/> with <see cref="Reason.InUse"/> where there is a queue of that name, or a failure to reach the broker.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or contradicts another.</exception>
    public static Task CreateQueueAsync(
        AmqpEndPoint queue, RabbitMQQueueOptions? queueOptions = null, RabbitMQOptions? options = null, CancellationToken cancellationToken = default)
        => Of(queue, options).CreateAsync((queueOptions ?? new RabbitMQQueueOptions()).Snapshot(), cancellationToken);

    /// <summary>Looks at a queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="options">How this process talks to the broker; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many messages wait, those that were delivered and not acknowledged apart, and how many receive.</returns>
    /// <exception cref="ConnectionException"><see cref="Reason.NotFound"/> where there is no such queue, or a failure to reach the broker.</exception>
    public static Task<NamedObjectStatus> InspectQueueAsync(AmqpEndPoint queue, RabbitMQOptions? options = null, CancellationToken cancellationToken = default)
        => Of(queue, options).InspectAsync(cancellationToken);

    /// <summary>Removes a queue with what is in it, and its dead-letter queue where nothing is in that.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="options">How this process talks to the broker; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up; it may have been removed.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Remove"/> with <see cref="Reason.NotFound"/> where there is no such queue, or a failure to reach the broker.</exception>
    public static Task RemoveQueueAsync(AmqpEndPoint queue, RabbitMQOptions? options = null, CancellationToken cancellationToken = default)
        => Of(queue, options).RemoveAsync(cancellationToken);

    private static BrokerQueue Of(AmqpEndPoint queue, RabbitMQOptions? options)
    {
        ArgumentNullException.ThrowIfNull(queue);
        return new BrokerQueue(queue, (options ?? new RabbitMQOptions()).Snapshot());
    }
}
