using System.IO.Pipelines;

namespace Parley.Cli.Serving;

/// <summary>Sends each client back what it sends, and ends when it does.</summary>
internal sealed class EchoService : Service
{
    internal override string Description => "echo";

    // Not a relay of the client with itself: that would hold two more objects for each idle one.
    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await client.Input.ReadAsync(cancellationToken);
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
                await client.Output.WriteAsync(piece, cancellationToken);
            client.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
        }

        await client.CompleteWritesAsync(cancellationToken);
    }

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesReceived > 0;
}
