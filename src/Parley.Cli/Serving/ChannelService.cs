using System.Net;

namespace Parley.Cli.Serving;

/// <summary>What is done for each client that has messages: over its connection, or on a channel of messages.</summary>
/// <param name="options">How a connection carries them.</param>
internal abstract class ChannelService(MessageChannelOptions options) : Service
{
    internal sealed override bool ReportsFailures => true;

    internal sealed override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        MessageChannel channel = MessageChannel.Over(client, options, leaveOpen: true);
        await ServeAsync(channel, client.RemoteEndPoint ?? client.LocalEndPoint, cancellationToken);
        if (Finished.IsCancellationRequested)
            await Leave.PrepareAsync(channel, client);
    }

    /// <summary>Whether it is that a client has lied in shared memory, which the listener says at a pace that a crowd of them cannot raise. A torn frame is none.</summary>
    private protected bool IsToldByListener(ConnectionException broken)
        => options.Framing == MessageFraming.None && broken is { Reason: Reason.Corrupt, EndPoint: SharedMemoryEndPoint };

    /// <summary>Serves one client up to its end; the caller disposes the channel, or what it goes over.</summary>
    internal abstract ValueTask ServeAsync(MessageChannel client, EndPoint? peer, CancellationToken cancellationToken);
}
