using System.Buffers;
using System.Net;
using Parley.Transports;

namespace Parley;

/// <summary>Waits for clients at an address.</summary>
/// <remarks>One <see cref="AcceptAsync"/> at a time; <see cref="StopAsync"/> and <see cref="DisposeAsync"/> from any thread.</remarks>
public abstract class ConnectionListener : IAsyncDisposable
{
    /// <summary>The address, with the port that the system chose where 0 was asked for.</summary>
    public abstract EndPoint LocalEndPoint { get; }

    /// <summary>Takes the next client.</summary>
    /// <param name="cancellationToken">Gives up waiting; the listener goes on.</param>
    /// <returns>The connection, which the caller disposes; <see langword="null"/> once the listener is stopped.</returns>
    /// <exception cref="ConnectionException">The listener is broken. A client that went away or a limit on descriptors never shows here.</exception>
    public abstract ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Tells every client the same and ends: the shortest conversation a server can have, made with the least work for each. Those that are over
    /// by themselves, the client having taken the reply and ended its side, are only counted (<see cref="Answered"/>).
    /// </summary>
    /// <param name="reply">What each client is told; not to be changed until the listener is stopped. The same with every call.</param>
    /// <param name="cancellationToken">Gives up waiting; the listener goes on.</param>
    /// <returns>
    /// A connection whose end has to be waited for, because the client is slow, still talks, or broke off: the caller disposes it,
    /// which sends what is left of the reply and tells what goes wrong. <see langword="null"/> once the listener is stopped.
    /// </returns>
    /// <exception cref="ConnectionException">The listener is broken. A client that went away or a limit on descriptors never shows here.</exception>
    public virtual async ValueTask<Connection?> AcceptAndReplyAsync(ReadOnlyMemory<byte> reply, CancellationToken cancellationToken = default)
    {
        Connection? client = await AcceptAsync(cancellationToken).ConfigureAwait(false);
        client?.Output.Write(reply.Span);
        return client;
    }

    /// <summary>The conversations that <see cref="AcceptAndReplyAsync"/> began and saw to their end. Safe from any thread.</summary>
    public virtual AnsweredClients Answered => default;

    /// <summary>The clients that were let go right after they came. Safe from any thread.</summary>
    public virtual ListenerStatistics Statistics => default;

    /// <summary>
    /// Stops listening. Clients that the kernel has already connected are still handed out by <see cref="AcceptAsync"/>, as far as
    /// there is room for them, which then returns <see langword="null"/>. Accepted connections go on.
    /// </summary>
    /// <param name="cancellationToken">Not waited for by the transports there are; stopping does not block.</param>
    public abstract ValueTask StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Stops at once and gives the address back. Clients not yet accepted are reset; accepted connections go on.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>Listens.</summary>
    /// <param name="local">The address; port 0 lets the system choose.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The listener; the caller disposes it.</returns>
    /// <exception cref="ConnectionException">The address cannot be had: the step and the reason are in it.</exception>
    /// <exception cref="ArgumentException">The endpoint is of a kind that cannot be listened on, or an option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">The endpoint needs another operating system.</exception>
    public static ValueTask<ConnectionListener> BindAsync(
        EndPoint local, ListenerOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(local);
        return TransportSelector.BindAsync(local, (options ?? new ListenerOptions()).Snapshot(), cancellationToken);
    }
}
