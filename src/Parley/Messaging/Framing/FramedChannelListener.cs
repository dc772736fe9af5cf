using System.Net;

namespace Parley;

/// <summary>Hands out the clients of a stream as channels.</summary>
internal sealed class FramedChannelListener(ConnectionListener connections, MessageChannelOptions options) : MessageChannelListener
{
    public override EndPoint LocalEndPoint => connections.LocalEndPoint;

    public override ListenerStatistics Statistics => connections.Statistics;

    public override async ValueTask<MessageChannel?> AcceptAsync(CancellationToken cancellationToken = default)
        => await connections.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } client ? new FramedChannel(client, options, leavesOpen: false) : null;

    public override ValueTask StopAsync(CancellationToken cancellationToken = default) => connections.StopAsync(cancellationToken);

    public override ValueTask DisposeAsync() => connections.DisposeAsync();
}
