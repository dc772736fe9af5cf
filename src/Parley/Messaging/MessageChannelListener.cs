using System.Net;
using Parley.Transports;

namespace Parley;

/// <summary>Waits for clients and hands each out as a channel of messages.</summary>
/// <remarks>One <see cref="AcceptAsync"/> at a time; <see cref="StopAsync"/> and <see cref="DisposeAsync"/> from any thread.</remarks>
public abstract class MessageChannelListener : IAsyncDisposable
{
    /// <summary>The address, with the port that the system chose where 0 was asked for.</summary>
    public abstract EndPoint LocalEndPoint { get; }

    /// <summary>Takes the next client.</summary>
    /// <param name="cancellationToken">Gives up waiting; the listener goes on.</param>
    /// <returns>The channel, which the caller disposes; <see langword="null"/> once the listener is stopped.</returns>
    /// <exception cref="ConnectionException">The listener is broken. A client that went away or a limit on descriptors never shows here.</exception>
    public abstract ValueTask<MessageChannel?> AcceptAsync(CancellationToken cancellationToken = default);

    /// <summary>The clients that were let go right after they came. Safe from any thread.</summary>
    public virtual ListenerStatistics Statistics => default;

    /// <summary>
    /// Stops listening. Clients that are connected already are still handed out by <see cref="AcceptAsync"/>, which then returns
    /// <see langword="null"/>. Accepted channels go on.
    /// </summary>
    /// <param name="cancellationToken">Not waited for by the transports there are; stopping does not block.</param>
    public abstract ValueTask StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Stops at once and gives the address back. Clients not yet accepted are reset; accepted channels go on.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>
    /// Listens: on shared memory, whose messages need no framing, or on any endpoint that carries a stream, with one
    /// (<see cref="MessageChannelOptions.Framing"/>).
    /// </summary>
    /// <param name="local">The address; port 0 lets the system choose.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The listener; the caller disposes it.</returns>
    /// <exception cref="ConnectionException">The address cannot be had: the step and the reason are in it.</exception>
    /// <exception cref="ArgumentException">
    /// The endpoint is of a kind that has no clients (a queue, UDP: those are opened by <see cref="MessageChannel.BindAsync"/>), it needs a
    /// framing, or an option is out of its range.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">The endpoint needs another operating system.</exception>
    public static ValueTask<MessageChannelListener> BindAsync(
        EndPoint local, MessageChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(local);
        return TransportSelector.BindChannelListenerAsync(local, (options ?? new MessageChannelOptions()).Snapshot(), cancellationToken);
    }
}
