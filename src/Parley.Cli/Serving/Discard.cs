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
            if (result.IsCompleted || result.IsCanceled)
                return;
        }
    }
}
