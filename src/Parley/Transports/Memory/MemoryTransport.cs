using System.Collections.Concurrent;
using Parley.Interop.Linux;

namespace Parley.Transports.Memory;

/// <summary>Conversations within this process: names, and pairs of connections.</summary>
internal static class MemoryTransport
{
    private static readonly ConcurrentDictionary<string, MemoryListener> Listeners = new(StringComparer.Ordinal);

    internal static (Connection First, Connection Second) CreatePair(ConnectionOptions options)
        => MemoryConnection.CreatePair(endPoint: null, options, options);

    internal static ConnectionListener Bind(MemoryEndPoint endPoint, ListenerOptions options)
    {
        var listener = new MemoryListener(endPoint, options, () => Listeners.TryRemove(endPoint.Name, out _));
        return Listeners.TryAdd(endPoint.Name, listener)
            ? listener
            : throw ConnectionException.FromErrno(Step.Bind, Errno.EADDRINUSE, endPoint);
    }

    internal static async ValueTask<Connection> ConnectAsync(MemoryEndPoint endPoint, ConnectionOptions options, CancellationToken cancellationToken)
    {
        if (!Listeners.TryGetValue(endPoint.Name, out MemoryListener? listener))
            throw ConnectionException.FromErrno(Step.Connect, Errno.ECONNREFUSED, endPoint);
        (MemoryConnection client, MemoryConnection server) = MemoryConnection.CreatePair(endPoint, options, listener.Options);
        try
        {
            await listener.OfferAsync(server, options.ConnectTimeout, cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            client.Abort();
            throw;
        }
    }
}
