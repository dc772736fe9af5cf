namespace Parley;

/// <summary>What a queue is made with. Every queue outlives a restart of the broker. Copied and checked when it is used.</summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public sealed class RabbitMQQueueOptions
{
    /// <summary>Of what kind it is. Default <see cref="RabbitMQQueueKind.Quorum"/>.</summary>
    public RabbitMQQueueKind Kind { get; set; }

    /// <summary>The highest priority of its messages, 0 to 255; a few are enough, for each costs the broker. Above 0 only for <see cref="RabbitMQQueueKind.Classic"/>. Default 0: none.</summary>
    public int MaxPriority { get; set; }

    /// <summary>
    /// How often a message is delivered again before it goes to the dead-letter queue; 0 or more. Only quorum queues count: for a classic one it has no effect. Default 20.
    /// </summary>
    public int DeliveryLimit { get; set; } = 20;

    /// <summary>
    /// Whether there is a queue <c>NAME.dead</c>, of the same kind, made with this one where it is not there: what was rejected, or delivered too often, goes there. Without
    /// it that is dropped. Default <see langword="true"/>.
    /// </summary>
    public bool HasDeadLetterQueue { get; set; } = true;

    /// <summary>How many messages wait at most: one more is refused (<see cref="Reason.Full"/>). 1 or more. Default <see langword="null"/>: as many as the broker can hold.</summary>
    public int? Capacity { get; set; }

    /// <summary>Further arguments of the queue by their names (<c>x-message-ttl</c>); they come after those above, and replace them. Default: none.</summary>
    public IDictionary<string, object?> Arguments { get; private set; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    internal RabbitMQQueueOptions Snapshot()
    {
        var copy = (RabbitMQQueueOptions)MemberwiseClone();
        copy.Arguments = new Dictionary<string, object?>(Arguments, StringComparer.Ordinal);
        if (!Enum.IsDefined(Kind))
            throw new ArgumentOutOfRangeException(nameof(Kind), Kind, "There is no such kind of queue.");
        ArgumentOutOfRangeException.ThrowIfNegative(MaxPriority);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxPriority, byte.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(DeliveryLimit);
        if (Capacity is int capacity)
            ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1, nameof(Capacity));
        if (MaxPriority > 0 && Kind == RabbitMQQueueKind.Quorum)
            throw new ArgumentException("A quorum queue has no priorities: a classic one has.", nameof(MaxPriority));
        return copy;
    }
}
