using System.Net;

namespace Parley.Transports.SharedMemory;

/// <summary>Hands out clients as connections.</summary>
internal sealed class SharedMemoryConnectionListener(LinkListener links, ListenerOptions options) : ConnectionListener
{
    public override EndPoint LocalEndPoint => links.LocalEndPoint;

    public override ListenerStatistics Statistics => links.Statistics;

    public override async ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
        => await links.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } link ? SharedMemoryTransport.ToConnection(link, options) : null;

    public override ValueTask StopAsync(CancellationToken cancellationToken = default) => links.StopAsync();

    public override ValueTask DisposeAsync() => links.DisposeAsync();
}
