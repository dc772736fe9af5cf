using Parley.Transports;

namespace Parley;

/// <summary>One connection in shared memory, as its server sees it.</summary>
public sealed record SharedMemoryConnectionStatus
{
    /// <summary>The client's process id, when it connected.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The client's user id.</summary>
    public required uint UserId { get; init; }

    /// <summary>What it carries: <c>bytes</c> or <c>messages</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>How many bytes the ring of each direction holds.</summary>
    public required int RingSize { get; init; }

    /// <summary>Bytes that wait for the server in the ring; of messages an estimate, headers and padding included.</summary>
    public required long BytesToServer { get; init; }

    /// <summary>Bytes that wait for the client, likewise.</summary>
    public required long BytesToClient { get; init; }

    /// <summary>How often either side has gone to sleep for want of bytes or room.</summary>
    public required ulong Sleeps { get; init; }

    /// <summary>How often either side has woken the other.</summary>
    public required ulong Wakes { get; init; }

    /// <summary>How long it has been connected.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>
    /// Asks a server who is connected, whether it serves bytes or messages. It takes nobody for a client, and answers though it has no room for more. Safe for use
    /// by any number of threads.
    /// </summary>
    /// <param name="server">Where it listens.</param>
    /// <param name="options">How to reach it; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A status for each connection.</returns>
    /// <exception cref="ConnectionException">As from <see cref="Connection.ConnectAsync"/>: nobody is there, or this side may not ask.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="PlatformNotSupportedException">It needs Linux on a 64-bit processor.</exception>
    public static ValueTask<IReadOnlyList<SharedMemoryConnectionStatus>> AskAsync(
        SharedMemoryEndPoint server, ConnectionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        return TransportSelector.AskForStatusAsync(server, (options ?? new ConnectionOptions()).Snapshot(), cancellationToken);
    }
}
