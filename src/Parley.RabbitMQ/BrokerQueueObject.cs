namespace Parley.RabbitMQ;

/// <summary>The same for callers that wait: none of it takes longer than the options let a call take.</summary>
internal sealed class BrokerQueueObject(BrokerQueue queue) : INamedObject
{
    public void Create(NamedObjectOptions options)
    {
        if (options.MessageSize is not null)
            throw new ArgumentException("A queue of a broker has no size of its messages: the broker has one for all.", nameof(options));
        if (options.Mode != new NamedObjectOptions().Mode)
            throw new ArgumentException("A queue of a broker has no permissions of its own: its users have them there.", nameof(options));
        var queueOptions = new RabbitMQQueueOptions { Capacity = options.Capacity };
        Wait(() => queue.CreateAsync(queueOptions.Snapshot(), CancellationToken.None));
    }

    public IReadOnlyList<NamedObjectStatus> Inspect(AccessRules? accessRules)
    {
        NamedObjectStatus? status = null;
        Wait(async () => status = await queue.InspectAsync(CancellationToken.None).ConfigureAwait(false));
        return [status!];
    }

    public void Remove() => Wait(() => queue.RemoveAsync(CancellationToken.None));

    private static void Wait(Func<Task> work) => Task.Run(work).GetAwaiter().GetResult();
}
