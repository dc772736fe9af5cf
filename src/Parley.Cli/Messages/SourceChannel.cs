using System.Net;
using Parley.Cli.Serving;

namespace Parley.Cli.Messages;

/// <summary>Where messages are taken from, but for the clients of a listener: a queue, a UDP socket, or what was connected to.</summary>
internal sealed class SourceChannel
{
    private readonly Connection? _connection;

    private SourceChannel(MessageChannel channel, Connection? connection, EndPoint? peer)
    {
        Channel = channel;
        _connection = connection;
        Peer = peer;
    }

    internal MessageChannel Channel { get; }

    /// <summary>Who all of it is from, where that is one.</summary>
    internal EndPoint? Peer { get; }

    internal static async ValueTask<SourceChannel> OpenAsync(EndPoint source, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        if (options.Framing == MessageFraming.None)
        {
            MessageChannel channel = source is UdpEndPoint
                ? await MessageChannel.BindAsync(source, options, cancellationToken)
                : await MessageChannel.OpenAsync(source, options, cancellationToken);
            return new SourceChannel(channel, null, channel.RemoteEndPoint);
        }

        Connection connection = await Connection.ConnectAsync(source, options, cancellationToken);

        // A program waits for the end of its input; it is no server that might still be told something.
        if (source is ProcessEndPoint)
            await connection.CompleteWritesAsync(cancellationToken);
        return new SourceChannel(MessageChannel.Over(connection, options, leaveOpen: true), connection, connection.RemoteEndPoint ?? source);
    }

    /// <summary>Closes.</summary>
    /// <param name="isEnough">Whether what else may come is not wanted: a program is broken off, another peer left.</param>
    /// <returns>The exit code of a program that was heard to its end; <see langword="null"/> otherwise.</returns>
    internal async ValueTask<int?> EndAsync(bool isEnough)
    {
        if (_connection is null)
        {
            await Channel.DisposeAsync();
            return null;
        }

        if (isEnough && Peer is not ProcessEndPoint)
        {
            await Leave.CloseAsync(Channel, _connection);
            return null;
        }

        if (isEnough)
            _connection.Abort();
        await Channel.DisposeAsync();
        await _connection.DisposeAsync();
        return !isEnough && _connection.TryGetExitCode(out int code) ? code : null;
    }
}
