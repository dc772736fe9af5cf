namespace Parley.Cli.Serving;

/// <summary>Takes what each client sends, and drops it.</summary>
internal sealed class DiscardService : Service
{
    internal override string Description => "discard what is sent by";

    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        await Discard.AllAsync(client.Input, cancellationToken);
        await client.CompleteWritesAsync(cancellationToken);
    }

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesReceived > 0;
}
