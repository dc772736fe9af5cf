using System.Collections.Concurrent;
using Parley.Transports.Tls;
using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>Makes connections to the broker of one endpoint, each within a time of its own whatever the client does.</summary>
internal sealed class BrokerConnector
{
    // The most that RabbitMQ lets anybody send.
    private const uint LargestMessage = 512 * 1024 * 1024;

    private readonly RabbitMQOptions _options;
    private readonly MessageChannelOptions _channelOptions;
    private readonly TlsIdentity? _identity;

    /// <exception cref="ConnectionException">A file of the TLS options cannot be read.</exception>
    internal BrokerConnector(AmqpEndPoint queue, RabbitMQOptions options, MessageChannelOptions channelOptions)
    {
        Queue = queue;
        _options = options;
        _channelOptions = channelOptions;
        if (queue.IsSecure)
            _identity = new TlsIdentity(channelOptions.Tls ?? options.Tls ?? new TlsOptions(), isServer: false, queue);
    }

    internal AmqpEndPoint Queue { get; }

    /// <summary>Connects, and looks whether the queue is there.</summary>
    internal ValueTask<BrokerLink> ConnectAsync(CancellationToken cancellationToken)
        => WithinTimeAsync(Step.Connect, static (link, queue, stop) => link.CheckQueueAsync(queue.Queue, stop), cancellationToken);

    /// <summary>Connects again to where the queue was: whether it still is, its users find out.</summary>
    internal ValueTask<BrokerLink> ReconnectAsync(CancellationToken cancellationToken)
        => WithinTimeAsync(Step.Connect, static (link, _, stop) => link.OpenPublishingAsync(stop), cancellationToken);

    /// <summary>Connects for something else.</summary>
    internal ValueTask<BrokerLink> ConnectAsync(Step step, CancellationToken cancellationToken)
        => WithinTimeAsync(step, static (_, _, _) => Task.CompletedTask, cancellationToken);

    private async ValueTask<BrokerLink> WithinTimeAsync(Step step, Func<BrokerLink, AmqpEndPoint, CancellationToken, Task> prepare, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (_channelOptions.ConnectTimeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(_channelOptions.ConnectTimeout);
        var sockets = new ConcurrentBag<BrokerSocket>();
        Task<BrokerLink> connecting = Task.Run(() => MakeAsync(sockets, prepare, deadline.Token), CancellationToken.None);
        try
        {
            return await connecting.WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // What the client still does in vain ends with its sockets.
            foreach (BrokerSocket socket in sockets)
                socket.Dispose();
            _ = connecting.ContinueWith(static late => Forget(late), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            cancellationToken.ThrowIfCancellationRequested();
            if (failure is OperationCanceledException)
                throw new ConnectionException(step, Reason.TimedOut, Queue, $"no connection within {_channelOptions.ConnectTimeout.TotalSeconds:0.###} s");
            if (!BrokerFailure.IsExpected(failure))
                throw;
            throw BrokerFailure.Of(failure, step, Queue);
        }
    }

    private static void Forget(Task<BrokerLink> late)
    {
        if (late.IsCompletedSuccessfully)
            late.Result.Abandon();
        else
            _ = late.Exception;
    }

    private async Task<BrokerLink> MakeAsync(
        ConcurrentBag<BrokerSocket> sockets, Func<BrokerLink, AmqpEndPoint, CancellationToken, Task> prepare, CancellationToken cancellationToken)
    {
        Credentials credentials = Credentials.Of(Queue, _options);
        var factory = new ConnectionFactory
        {
            HostName = Queue.Host,
            Port = Queue.Port,
            VirtualHost = Queue.VirtualHost,
            UserName = credentials.UserName,
            Password = credentials.Password,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = _options.Heartbeat,
            RequestedConnectionTimeout = Finite(_channelOptions.ConnectTimeout),
            ContinuationTimeout = Finite(_options.CallTimeout),
            HandshakeContinuationTimeout = Finite(_channelOptions.ConnectTimeout),
            MaxInboundMessageBodySize = LargestMessage,
            ClientProvidedName = $"parley {Environment.ProcessId}",
            SocketFactory = family =>
            {
                var socket = new BrokerSocket(Queue, _identity, family);
                sockets.Add(socket);
                return socket;
            },
        };
        IConnection connection = await factory.CreateConnectionAsync(cancellationToken).ConfigureAwait(false);
        var link = new BrokerLink(connection, sockets, Queue, _options);
        try
        {
            await prepare(link, Queue, cancellationToken).ConfigureAwait(false);
            return link;
        }
        catch
        {
            link.Abandon();
            throw;
        }
    }

    // The client knows no infinite time everywhere; the deadlines here do.
    private static TimeSpan Finite(TimeSpan timeout) => timeout == Timeout.InfiniteTimeSpan ? TimeSpan.FromDays(1) : timeout;
}
