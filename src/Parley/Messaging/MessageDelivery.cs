namespace Parley;

/// <summary>
/// One delivery of a message that its channel keeps until it is told what has become of it. Who receives such a message, and says nothing, is given no more than
/// the channel's limit of them; when the channel is disposed, or the process dies, they are delivered again. Safe for use by any number of threads.
/// </summary>
public abstract class MessageDelivery
{
    /// <summary>Whether the message may have been delivered before, to this receiver or another: it may have been dealt with already.</summary>
    public abstract bool IsRedelivered { get; }

    /// <summary>How often it was delivered before, where the channel counts; <see langword="null"/> where it does not.</summary>
    public virtual long? EarlierDeliveries => null;

    /// <summary>It was dealt with: the channel forgets it. Saying so again does nothing.</summary>
    /// <param name="cancellationToken">Gives up; it may be delivered again then.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>: the channel can no longer be told; the message will be delivered again.</exception>
    public abstract ValueTask AcknowledgeAsync(CancellationToken cancellationToken = default);

    /// <summary>It was not dealt with, and is to be delivered again, to whoever receives next.</summary>
    /// <param name="cancellationToken">Gives up; it will be delivered again all the same.</param>
    /// <exception cref="ConnectionException">As with <see cref="AcknowledgeAsync"/>.</exception>
    public abstract ValueTask RequeueAsync(CancellationToken cancellationToken = default);

    /// <summary>It can never be dealt with: it goes where the channel keeps such messages, or is dropped where it has no such place.</summary>
    /// <param name="cancellationToken">Gives up; it may be delivered again then.</param>
    /// <exception cref="ConnectionException">As with <see cref="AcknowledgeAsync"/>.</exception>
    public abstract ValueTask RejectAsync(CancellationToken cancellationToken = default);
}
