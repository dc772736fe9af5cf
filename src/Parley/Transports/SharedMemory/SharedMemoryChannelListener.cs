using System.Net;

namespace Parley.Transports.SharedMemory;

/// <summary>Hands out clients as channels of messages.</summary>
internal sealed class SharedMemoryChannelListener(LinkListener links, MessageChannelOptions options) : MessageChannelListener
{
    public override EndPoint LocalEndPoint => links.LocalEndPoint;

    public override ListenerStatistics Statistics => links.Statistics;

    public override async ValueTask<MessageChannel?> AcceptAsync(CancellationToken cancellationToken = default)
        => await links.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } link ? SharedMemoryTransport.ToChannel(link, options) : null;

    public override ValueTask StopAsync(CancellationToken cancellationToken = default) => links.StopAsync();

    public override ValueTask DisposeAsync() => links.DisposeAsync();
}
