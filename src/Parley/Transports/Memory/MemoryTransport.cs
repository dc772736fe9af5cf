using System.Collections.Concurrent;
using System.IO.Pipelines;
using Parley.Interop.Linux;

namespace Parley.Transports.Memory;

/// <summary>Conversations within this process: names, and pairs of connections over two pipes.</summary>
internal static class MemoryTransport
{
    private static readonly ConcurrentDictionary<string, MemoryListener> Listeners = new(StringComparer.Ordinal);

    internal static (Connection First, Connection Second) CreatePair(ConnectionOptions options, MemoryEndPoint? name = null)
    {
        var pipeOptions = new PipeOptions(useSynchronizationContext: false, readerScheduler: Scheduler(options), writerScheduler: Scheduler(options));
        var forth = new Pipe(pipeOptions);
        var back = new Pipe(pipeOptions);
        var first = new MemoryConnection(back.Reader, forth.Writer, options, name);
        var second = new MemoryConnection(forth.Reader, back.Writer, options, name);
        first.Peer = second;
        second.Peer = first;
        return (first, second);
    }

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
        (Connection client, Connection server) = CreatePair(options, endPoint);
        if (!await listener.OfferAsync(server, options.ConnectTimeout, cancellationToken).ConfigureAwait(false))
            throw ConnectionException.FromErrno(Step.Connect, Errno.ECONNREFUSED, endPoint);
        return client;
    }

    private static PipeScheduler Scheduler(ConnectionOptions options)
        => options.RunContinuationsInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
}
