namespace Parley;

/// <summary>The kinds of queue that RabbitMQ has.</summary>
public enum RabbitMQQueueKind
{
    /// <summary>On several nodes of a cluster, where there are several: what is confirmed is on the disks of a majority, and outlives the others. No priorities.</summary>
    Quorum,

    /// <summary>On one node. Has priorities, and counts no deliveries.</summary>
    Classic,
}
