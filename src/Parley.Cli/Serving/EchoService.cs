namespace Parley.Cli.Serving;

/// <summary>Sends each client back what it sends, and ends when it does.</summary>
internal sealed class EchoService : Service
{
    internal override string Description => "echo";

    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
        => await ConnectionRelay.CopyAsync(client, client, cancellationToken);

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesReceived > 0;
}
