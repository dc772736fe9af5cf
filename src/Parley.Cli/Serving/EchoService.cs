using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Cli.Serving;

/// <summary>Sends each client back what it sends, and ends when it does.</summary>
internal sealed class EchoService : Service
{
    internal override string Description => "echo";

    // Not a relay of the client with itself: that would hold three more objects for each idle one.
    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        while (true)
        {
            // What lives over an await is held for each idle client: no more than the two lines below need.
            ReadResult result = await client.Input.ReadAsync(cancellationToken);
            SequencePosition end = result.Buffer.End;
            bool isLast = result.IsCompleted;
            await WriteAsync(client.Output, result.Buffer, cancellationToken);
            client.Input.AdvanceTo(end);
            if (isLast)
                break;
        }

        await client.CompleteWritesAsync(cancellationToken);
    }

    private static ValueTask<FlushResult> WriteAsync(PipeWriter output, in ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
        => bytes.IsSingleSegment ? output.WriteAsync(bytes.First, cancellationToken) : WritePiecesAsync(output, bytes, cancellationToken);

    private static async ValueTask<FlushResult> WritePiecesAsync(
        PipeWriter output, ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
            await output.WriteAsync(piece, cancellationToken);
        return default;
    }

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesReceived > 0;
}
