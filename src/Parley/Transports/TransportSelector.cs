using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Parley.Transports.Addresses;
using Parley.Transports.Datagrams;
using Parley.Transports.Fifo;
using Parley.Transports.Memory;
using Parley.Transports.MessageQueues;
using Parley.Transports.Pipes;
using Parley.Transports.Processes;
using Parley.Transports.SharedMemory;
using Parley.Transports.Sockets;
using Parley.Transports.Spooling;
using Parley.Transports.StandardStreams;
using Parley.Transports.Tls;

namespace Parley.Transports;

/// <summary>The one place that chooses a transport by its endpoint.</summary>
internal static class TransportSelector
{
    internal static ValueTask<Connection> ConnectAsync(EndPoint remote, ConnectionOptions options, CancellationToken cancellationToken)
    {
        options.AccessRules?.Check(remote);
        return RetryAsync(() => ConnectOnceAsync(remote, options, cancellationToken), options, cancellationToken);
    }

    private static async ValueTask<T> RetryAsync<T>(Func<ValueTask<T>> connect, ConnectionOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int failures = 0; ; failures++)
        {
            try
            {
                return await connect().ConfigureAwait(false);
            }
            catch (ConnectionException failure) when (failures < options.RetryCount && ConnectRetry.IsWorthwhile(failure))
            {
                TimeSpan pause = ConnectRetry.Pause(options.RetryDelay, failures);
                if (options.LoggerFactory?.CreateLogger("Parley.Connection") is { } logger)
                    LogTry(logger, failures + 1, options.RetryCount, failure, pause);
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // The largest number stands for no limit, and would say nothing to anybody.
    private static void LogTry(ILogger logger, int @try, int retries, ConnectionException failure, TimeSpan pause)
    {
        if (retries == int.MaxValue)
            ConnectionLog.TryOfAnyNumberFailed(logger, @try, failure.Message, (long)pause.TotalMilliseconds);
        else
            ConnectionLog.TryFailed(logger, @try, retries + 1L, failure.Message, (long)pause.TotalMilliseconds);
    }

    internal static ValueTask<ConnectionListener> BindAsync(EndPoint local, ListenerOptions options, CancellationToken cancellationToken)
    {
        options.Check(local);
        return BindAllowedAsync(local, options, cancellationToken);
    }

    private static ValueTask<ConnectionListener> BindAllowedAsync(EndPoint local, ListenerOptions options, CancellationToken cancellationToken) => local switch
    {
        _ when cancellationToken.IsCancellationRequested => ValueTask.FromCanceled<ConnectionListener>(cancellationToken),
        IPEndPoint or DnsEndPoint or UnixDomainSocketEndPoint => SocketTransport.BindAsync(local, options, cancellationToken),
        TlsEndPoint tls => TlsTransport.BindAsync(tls, options, SocketTransport.BindAsync, cancellationToken),
        NamedPipeEndPoint pipe => new(SocketTransport.BindOwnUser(NamedPipePath.Of(pipe, Step.Bind), pipe, options)),
        MemoryEndPoint memory => new(MemoryTransport.Bind(memory, options)),
        SharedMemoryEndPoint shared => new(SharedMemoryTransport.Bind(shared, options, SocketTransport.BindOwnUser)),
        ProcessEndPoint => throw new ArgumentException("Nothing listens on a program: each connection starts one.", nameof(local)),
        FifoEndPoint fifo => new(FifoTransport.Bind(fifo, options)),
        _ => throw new ArgumentException($"Nothing listens on an endpoint of type {local.GetType().Name}.", nameof(local)),
    };

    internal static ValueTask<Connection> SecureAsClientAsync(Connection plain, TlsOptions options, CancellationToken cancellationToken)
        => TlsTransport.SecureAsClientAsync(plain, options, cancellationToken);

    internal static ValueTask<Connection> SecureAsServerAsync(Connection plain, TlsOptions options, CancellationToken cancellationToken)
        => TlsTransport.SecureAsServerAsync(plain, options, cancellationToken);

    internal static (Connection First, Connection Second) CreatePair(ConnectionOptions options) => MemoryTransport.CreatePair(options);

    internal static (MessageChannel First, MessageChannel Second) CreateChannelPair(int capacity, int maxMessageSize)
        => MemoryMessageChannel.MakePair(capacity, maxMessageSize);

    internal static MessageSpool OpenSpool(MessageChannel source, MessageSpoolOptions options)
        => OperatingSystem.IsLinux() ? SpoolChannel.OpenFile(source, options) : throw new PlatformNotSupportedException("A spool needs Linux.");

    internal static ValueTask<MessageChannel> OpenAsync(EndPoint remote, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        options.AccessRules?.Check(remote);
        return OpenAllowedAsync(remote, options, cancellationToken);
    }

    private static ValueTask<MessageChannel> OpenAllowedAsync(EndPoint remote, MessageChannelOptions options, CancellationToken cancellationToken) => remote switch
    {
        _ when cancellationToken.IsCancellationRequested => ValueTask.FromCanceled<MessageChannel>(cancellationToken),
        UdpEndPoint udp => DatagramTransport.OpenAsync(udp, options, cancellationToken),
        MessageQueueEndPoint queue => OpenQueueAsync(queue, options, cancellationToken),
        AmqpEndPoint amqp => OpenOnBrokerAsync(amqp, options, cancellationToken),
        SharedMemoryEndPoint shared when options.Framing == MessageFraming.None => RetryAsync(
            () => SharedMemoryTransport.OpenAsync(shared, options, SocketTransport.ConnectOwnUserAsync, cancellationToken), options, cancellationToken),
        _ when options.Framing == MessageFraming.None => throw new ArgumentException($"An endpoint of type {remote.GetType().Name} carries a stream: messages on it need a framing.", nameof(remote)),
        _ => OpenFramedAsync(remote, options, cancellationToken),
    };

    private static ValueTask<MessageChannel> OpenQueueAsync(MessageQueueEndPoint queue, MessageChannelOptions options, CancellationToken cancellationToken)
        => RetryAsync(() => new ValueTask<MessageChannel>(MessageQueueTransport.Open(queue, options)), options, cancellationToken);

    private static ValueTask<MessageChannel> OpenOnBrokerAsync(AmqpEndPoint queue, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        BrokerTransport transport = BrokerTransport.Required(queue);
        return RetryAsync(() => transport.OpenAsync(queue, options, cancellationToken), options, cancellationToken);
    }

    private static async ValueTask<MessageChannel> OpenFramedAsync(EndPoint remote, MessageChannelOptions options, CancellationToken cancellationToken)
        => new FramedChannel(await ConnectAsync(remote, options, cancellationToken).ConfigureAwait(false), options, leavesOpen: false);

    internal static ValueTask<MessageChannel> BindChannelAsync(EndPoint local, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        options.AccessRules?.Check(local);
        return BindAllowedChannelAsync(local, options, cancellationToken);
    }

    private static ValueTask<MessageChannel> BindAllowedChannelAsync(EndPoint local, MessageChannelOptions options, CancellationToken cancellationToken) => local switch
    {
        _ when cancellationToken.IsCancellationRequested => ValueTask.FromCanceled<MessageChannel>(cancellationToken),
        UdpEndPoint udp => DatagramTransport.BindAsync(udp, options, cancellationToken),
        MessageQueueEndPoint queue => OpenQueueAsync(queue, options, cancellationToken),
        AmqpEndPoint amqp => OpenOnBrokerAsync(amqp, options, cancellationToken),
        _ when options.Framing != MessageFraming.None || local is SharedMemoryEndPoint
            => throw new ArgumentException("Clients come one by one: listen with a MessageChannelListener.", nameof(local)),
        _ => throw new ArgumentException($"No messages are received on an endpoint of type {local.GetType().Name}.", nameof(local)),
    };

    internal static ValueTask<MessageChannelListener> BindChannelListenerAsync(EndPoint local, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        options.ForListener().Check(local);
        return BindAllowedChannelListenerAsync(local, options, cancellationToken);
    }

    private static ValueTask<MessageChannelListener> BindAllowedChannelListenerAsync(EndPoint local, MessageChannelOptions options, CancellationToken cancellationToken) => local switch
    {
        _ when cancellationToken.IsCancellationRequested => ValueTask.FromCanceled<MessageChannelListener>(cancellationToken),
        UdpEndPoint or MessageQueueEndPoint or AmqpEndPoint => throw new ArgumentException("Nobody connects to such an endpoint: open it with MessageChannel.BindAsync.", nameof(local)),
        SharedMemoryEndPoint shared when options.Framing == MessageFraming.None => new(SharedMemoryTransport.BindChannels(shared, options, SocketTransport.BindOwnUser)),
        _ when options.Framing == MessageFraming.None => throw new ArgumentException($"An endpoint of type {local.GetType().Name} carries a stream: messages on it need a framing.", nameof(local)),
        _ => BindFramedAsync(local, options, cancellationToken),
    };

    private static async ValueTask<MessageChannelListener> BindFramedAsync(EndPoint local, MessageChannelOptions options, CancellationToken cancellationToken)
        => new FramedChannelListener(await BindAsync(local, options.ForListener(), cancellationToken).ConfigureAwait(false), options);

    internal static void EnsureCanStart(ProcessEndPoint program) => ProcessTransport.EnsureCanStart(program);

    /// <summary>A user's number by its name; <see langword="null"/> where there is none.</summary>
    internal static uint? FindUser(string name) => UserNames.Find(name);

    /// <summary>What stands behind an endpoint and outlives the processes that use it; <see langword="null"/> where nothing does.</summary>
    internal static INamedObject? NamedObjectOf(EndPoint endPoint) => endPoint switch
    {
        FifoEndPoint fifo => new FifoObject(fifo),
        MessageQueueEndPoint queue => new MessageQueueObject(queue),
        SharedMemoryEndPoint shared => new SharedMemoryObject(shared, SocketTransport.ConnectOwnUserAsync, SocketTransport.RemoveStale),
        AmqpEndPoint amqp => new BrokerObject(amqp),
        _ => null,
    };

    /// <summary>Asks a server of shared memory who is connected.</summary>
    internal static ValueTask<IReadOnlyList<SharedMemoryConnectionStatus>> AskForStatusAsync(
        SharedMemoryEndPoint remote, ConnectionOptions options, CancellationToken cancellationToken)
    {
        options.AccessRules?.Check(remote);
        return RetryAsync(
            () => SharedMemoryTransport.AskForStatusAsync(remote, options, SocketTransport.ConnectOwnUserAsync, cancellationToken), options, cancellationToken);
    }

    internal static NamedObjectList ListNamedObjects()
    {
        NamedObjectList queues = QueueList.OfThisUser();
        NamedObjectList shared = SharedMemoryList.OfThisUser(SocketTransport.IsListenedOn);
        return new NamedObjectList { Objects = [.. queues.Objects, .. shared.Objects], Unlisted = [.. queues.Unlisted, .. shared.Unlisted] };
    }

    private static ValueTask<Connection> ConnectOnceAsync(EndPoint remote, ConnectionOptions options, CancellationToken cancellationToken) => remote switch
    {
        IPEndPoint or DnsEndPoint or UnixDomainSocketEndPoint => SocketTransport.ConnectAsync(remote, options, cancellationToken),
        TlsEndPoint tls => TlsTransport.ConnectAsync(tls, options, SocketTransport.ConnectAsync, cancellationToken),
        NamedPipeEndPoint pipe => SocketTransport.ConnectOwnUserAsync(NamedPipePath.Of(pipe, Step.Connect), pipe, options, cancellationToken),
        MemoryEndPoint memory => MemoryTransport.ConnectAsync(memory, options, cancellationToken),
        SharedMemoryEndPoint shared => SharedMemoryTransport.ConnectAsync(shared, options, SocketTransport.ConnectOwnUserAsync, cancellationToken),
        ProcessEndPoint program => new(ProcessTransport.Start(program, options)),
        FifoEndPoint fifo => FifoTransport.ConnectAsync(fifo, options, cancellationToken),
        StandardStreamsEndPoint => new(StandardStreamsTransport.Open(options)),
        _ => throw new ArgumentException($"Nothing connects to an endpoint of type {remote.GetType().Name}.", nameof(remote)),
    };
}
