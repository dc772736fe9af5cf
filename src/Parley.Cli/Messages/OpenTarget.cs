using System.Net;

namespace Parley.Cli.Messages;

/// <summary>A target that is open: a queue, a UDP socket, shared memory, or messages over a connection.</summary>
internal sealed class OpenTarget
{
    // What a framing adds at most.
    private const int LongestHeader = sizeof(uint);

    private readonly StreamMessages? _stream;

    private OpenTarget(MessageChannel channel, StreamMessages? stream)
    {
        Channel = channel;
        _stream = stream;
    }

    internal MessageChannel Channel { get; }

    /// <summary>Cancelled when the peer of a connection is gone.</summary>
    internal CancellationToken Gone => _stream?.Gone ?? CancellationToken.None;

    internal static async ValueTask<OpenTarget> OpenAsync(EndPoint endPoint, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        if (options.Framing == MessageFraming.None)
            return new OpenTarget(await MessageChannel.OpenAsync(endPoint, options, cancellationToken), null);
        var stream = StreamMessages.Open(await Connection.ConnectAsync(endPoint, options, cancellationToken), endPoint, options);
        return new OpenTarget(stream.Channel, stream);
    }

    /// <summary>Listens, and takes the first client for the target.</summary>
    internal static async ValueTask<OpenTarget> AcceptAsync(
        EndPoint endPoint, MessageChannelOptions options, Action<EndPoint> ready, CancellationToken cancellationToken)
    {
        if (options.Framing == MessageFraming.None)
            return new OpenTarget(await AcceptChannelAsync(endPoint, options, ready, cancellationToken), null);
        var listenerOptions = new ListenerOptions
        {
            AccessRules = options.AccessRules,
            CloseTimeout = options.CloseTimeout,
            RunContinuationsInline = true,
            CallObserver = options.CallObserver,
            LoggerFactory = options.LoggerFactory,
        };
        await using ConnectionListener listener = await ConnectionListener.BindAsync(endPoint, listenerOptions, cancellationToken);
        ready(listener.LocalEndPoint);
        Connection client = await listener.AcceptAsync(cancellationToken)
            ?? throw new ConnectionException(Step.Accept, Reason.Aborted, endPoint, "the listener was stopped");
        var stream = StreamMessages.Open(client, endPoint, options);
        return new OpenTarget(stream.Channel, stream);
    }

    /// <summary>Ends after the last message, and waits for a peer to take them.</summary>
    /// <returns>The exit code of a program; <see langword="null"/> for another peer.</returns>
    /// <exception cref="ConnectionException">It did not take them all.</exception>
    internal async ValueTask<int?> EndAsync(CancellationToken cancellationToken = default)
    {
        if (_stream is not null)
            return await _stream.EndAsync(cancellationToken);
        await Channel.CompleteSendsAsync(cancellationToken);
        await Channel.DisposeAsync().AsTask().WaitAsync(cancellationToken);
        return null;
    }

    /// <summary>How a program ended that stopped reading before it had everything; <see langword="null"/> for another peer.</summary>
    internal ValueTask<int?> EndBrokenAsync() => _stream?.EndBrokenAsync() ?? ValueTask.FromResult<int?>(null);

    private static async ValueTask<MessageChannel> AcceptChannelAsync(
        EndPoint endPoint, MessageChannelOptions options, Action<EndPoint> ready, CancellationToken cancellationToken)
    {
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(endPoint, options, cancellationToken);
        ready(listener.LocalEndPoint);
        return await listener.AcceptAsync(cancellationToken)
            ?? throw new ConnectionException(Step.Accept, Reason.Aborted, endPoint, "the listener was stopped");
    }

    /// <summary>Closes it: it has failed. A peer that has only ended its own side may still hear what it was sent.</summary>
    /// <param name="inHand">The size of the message that is sent again, if there is one: it may be part of what did not arrive.</param>
    /// <returns>That more than that did not arrive; <see langword="null"/> where nobody knows, or everything did.</returns>
    internal async ValueTask<ConnectionException?> CloseAsync(int? inHand)
    {
        try
        {
            await Channel.DisposeAsync();
            return null;
        }
        catch (ConnectionException lost)
        {
            return inHand is not { } size || lost.UndeliveredBytes > size + LongestHeader ? lost : null;
        }
    }
}
