using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Parley;

/// <summary>Sends a file by reading it: for channels into which the kernel does not move files by itself.</summary>
internal static class FileCopy
{
    private const int ReadSize = 256 * 1024;

    internal static async ValueTask<long> RunAsync(SafeFileHandle file, PipeWriter output, long offset, long count, CancellationToken cancellationToken)
    {
        long sent = 0;
        while (sent < count)
        {
            int piece = RandomAccess.Read(file, output.GetSpan(ReadSize)[..(int)Math.Min(ReadSize, count - sent)], offset + sent);
            if (piece == 0)
                break;
            output.Advance(piece);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
            sent += piece;
        }

        return sent;
    }
}
