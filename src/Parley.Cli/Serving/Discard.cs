using System.IO.Pipelines;

namespace Parley.Cli.Serving;

/// <summary>Reads to the end and keeps nothing.</summary>
internal static class Discard
{
    internal static async ValueTask AllAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellationToken);
            input.AdvanceTo(result.Buffer.End);
            // A cancelled read may be left over from who looked at the first byte: it ends nothing here.
            if (result.IsCompleted)
                return;
        }
    }
}
