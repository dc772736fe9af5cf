using System.Runtime.CompilerServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Moves bytes from one descriptor straight to another within the kernel: out of a file, or where one of the two is a pipe. It takes one call a
/// piece, and no copy but for what the programs at a pipe's other end make.
/// </summary>
internal sealed class DirectTransfer(Transfer transfer, DescriptorReader source, DescriptorWriter target)
{
    // A copy of less costs less than references to its pages do, of which a pipe holds only so many.
    private const int SmallPiece = 16 * 1024;
    private const int SmallPiecesInARow = 16;

    private int _smallPieces;

    /// <summary>Whether the kernel does not do it between these two, or not any more.</summary>
    internal bool IsRefused { get; private set; }

    /// <summary>Moves until the source has ended, until only little comes at a time, or until it is refused.</summary>
    /// <returns>Whether the source has ended or the transfer was stopped.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> RunAsync(CancellationToken cancellationToken)
    {
        transfer.IsReading = false;
        await target.BeginMovesAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (!transfer.IsStopped)
            {
                transfer.IsReading = true;
                int count = source.TryMoveTo(target, out bool isTargetsFailure);
                if (isTargetsFailure)
                {
                    transfer.IsReading = false;
                    throw target.MoveFailure(-count);
                }

                if (count == 0)
                    return true;
                if (count == -Errno.EINVAL)
                {
                    IsRefused = true;
                    return false;
                }

                if (count == -Errno.EAGAIN)
                {
                    await WaitAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                transfer.Add(count);
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
            target.EndMoves();
        }
    }

    // The kernel does not say which of the two was not ready. Where both are by now, it is tried again: no edge would follow.
    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        (bool canRead, bool canWrite) = source.LookWith(target);
        if (!canWrite)
        {
            transfer.IsReading = false;
            await target.WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
        }
        else if (!canRead || source.MustYieldMoves)
        {
            await source.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
