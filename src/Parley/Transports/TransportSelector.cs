using System.Net;
using System.Net.Sockets;
using Parley.Transports.Memory;
using Parley.Transports.Pipes;
using Parley.Transports.Sockets;
using Parley.Transports.StandardStreams;

namespace Parley.Transports;

/// <summary>The one place that chooses a transport by its endpoint.</summary>
internal static class TransportSelector
{
    internal static async ValueTask<Connection> ConnectAsync(EndPoint remote, ConnectionOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int failures = 0; ; failures++)
        {
            try
            {
                return await ConnectOnceAsync(remote, options, cancellationToken).ConfigureAwait(false);
            }
            catch (ConnectionException failure) when (failures < options.RetryCount && ConnectRetry.IsWorthwhile(failure))
            {
                await Task.Delay(ConnectRetry.Pause(options.RetryDelay, failures), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    internal static ValueTask<ConnectionListener> BindAsync(EndPoint local, ListenerOptions options, CancellationToken cancellationToken) => local switch
    {
        _ when cancellationToken.IsCancellationRequested => ValueTask.FromCanceled<ConnectionListener>(cancellationToken),
        IPEndPoint or DnsEndPoint or UnixDomainSocketEndPoint => SocketTransport.BindAsync(local, options, cancellationToken),
        NamedPipeEndPoint pipe => new(SocketTransport.BindOwnUser(NamedPipePath.Of(pipe, Step.Bind), pipe, options)),
        MemoryEndPoint memory => new(MemoryTransport.Bind(memory, options)),
        _ => throw new ArgumentException($"Nothing listens on an endpoint of type {local.GetType().Name}.", nameof(local)),
    };

    internal static (Connection First, Connection Second) CreatePair(ConnectionOptions options) => MemoryTransport.CreatePair(options);

    private static ValueTask<Connection> ConnectOnceAsync(EndPoint remote, ConnectionOptions options, CancellationToken cancellationToken) => remote switch
    {
        IPEndPoint or DnsEndPoint or UnixDomainSocketEndPoint => SocketTransport.ConnectAsync(remote, options, cancellationToken),
        NamedPipeEndPoint pipe => SocketTransport.ConnectOwnUserAsync(NamedPipePath.Of(pipe, Step.Connect), pipe, options, cancellationToken),
        MemoryEndPoint memory => MemoryTransport.ConnectAsync(memory, options, cancellationToken),
        StandardStreamsEndPoint => new(StandardStreamsTransport.Open(options)),
        _ => throw new ArgumentException($"Nothing connects to an endpoint of type {remote.GetType().Name}.", nameof(remote)),
    };
}
