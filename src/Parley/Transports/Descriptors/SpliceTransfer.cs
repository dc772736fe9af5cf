using System.Runtime.CompilerServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Moves bytes from one descriptor to another within the kernel, through a pipe: they are never copied.</summary>
internal sealed class SpliceTransfer(Transfer transfer, DescriptorReader source, DescriptorWriter target)
{
    // A copy of less costs less than the two calls more.
    private const int SmallPiece = 16 * 1024;
    private const int SmallPiecesInARow = 16;

    private int _smallPieces;

    /// <summary>Whether the kernel does not do it between these two.</summary>
    internal bool IsRefused { get; private set; }

    /// <summary>Moves until the source has ended, until only little comes at a time, until there is no pipe, or until it is refused.</summary>
    /// <returns>Whether the source has ended or the transfer was stopped.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> RunAsync(CancellationToken cancellationToken)
    {
        SplicePipe? pipe = null;
        try
        {
            while (!transfer.IsStopped)
            {
                transfer.IsReading = true;
                if (pipe is null && (pipe = SplicePipe.TryRent(out bool isRefused)) is null)
                {
                    IsRefused = isRefused;
                    return false;
                }

                int count = source.TrySplice(pipe);
                if (count == 0)
                    return true;
                if (count == -Errno.EAGAIN)
                {
                    // Whoever waits holds no pipe: a thousand idle relays would hold two thousand.
                    pipe.Return();
                    pipe = null;
                    await source.WaitAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                if (count < 0)
                {
                    IsRefused = true;
                    return false;
                }

                transfer.IsReading = false;
                if (!await target.SpliceAsync(pipe, transfer, cancellationToken).ConfigureAwait(false))
                {
                    IsRefused = true;
                    await CopyRestAsync(pipe, cancellationToken).ConfigureAwait(false);
                    return false;
                }

                transfer.Add(count - pipe.Count);
                target.NoteHandedOver(count);
                _smallPieces = count < SmallPiece ? _smallPieces + 1 : 0;
                if (_smallPieces < SmallPiecesInARow)
                    continue;
                _smallPieces = 0;
                return false;
            }

            return true;
        }
        finally
        {
            pipe?.Return();
        }
    }

    private async ValueTask CopyRestAsync(SplicePipe pipe, CancellationToken cancellationToken)
    {
        while (pipe.Count > 0)
        {
            int count = Read(pipe, target.GetSpan(pipe.Count));
            target.Advance(count);
            pipe.Count -= count;
            await target.FlushAsync(cancellationToken).ConfigureAwait(false);
            transfer.Add(count);
        }
    }

    // What is in the pipe was counted when it went in.
    private static unsafe int Read(SplicePipe pipe, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            nint count = Libc.Read(pipe.ReadEnd, pointer, (nuint)Math.Min(buffer.Length, pipe.Count));
            return count > 0 ? (int)count : throw ConnectionException.FromErrno(Step.Read, count < 0 ? Errno.Last : Errno.EPIPE, null);
        }
    }
}
