using System.Buffers;
using System.IO.Pipelines;

namespace Parley;

/// <summary>Moves bytes through the source's buffer: right for small talk, and for what cannot be moved otherwise.</summary>
internal static class CopyTransfer
{
    /// <summary>Copies until the source has ended, or until a piece is so large that another way is better.</summary>
    /// <returns>Whether the source has ended or the transfer was stopped.</returns>
    internal static async ValueTask<bool> RunAsync(Transfer transfer, int largePiece, CancellationToken cancellationToken)
    {
        PipeReader input = transfer.Source.Input;
        PipeWriter output = transfer.Target.Output;
        while (!transfer.IsStopped)
        {
            transfer.IsReading = true;
            ReadResult result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> bytes = result.Buffer;
            transfer.IsReading = false;
            foreach (ReadOnlyMemory<byte> segment in bytes)
            {
                if (transfer.IsStopped)
                    return true;

                // The end alone is an empty piece, and who was told of the end already takes no write.
                if (segment.IsEmpty)
                    continue;
                await output.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
                transfer.Add(segment.Length);
            }

            input.AdvanceTo(bytes.End);
            if (result.IsCompleted)
                return true;
            if (bytes.Length >= largePiece)
                return false;
        }

        return true;
    }
}
