using System.Buffers;
using System.IO.Pipelines;

namespace Parley;

/// <summary>Shows what another reader has no faster than a rate allows. What is held back stays where it is, and so slows the peer.</summary>
internal sealed class PacedReader(PipeReader source, TokenBucket bucket) : PipeReader
{
    private ReadOnlySequence<byte> _shown;
    private bool _isShowing;

    // Shown before and not consumed: these bytes are not paid for again.
    private long _paid;
    private long _heldBack;

    /// <summary>Bytes that were taken from the channel and not shown yet.</summary>
    internal long HeldBack => Volatile.Read(ref _heldBack);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ReadResult result = await source.ReadAsync(cancellationToken).ConfigureAwait(false);
        long fresh = HoldBack(result);
        if (fresh == 0 || result.IsCanceled)
            return Show(result, 0);
        int given;
        try
        {
            given = await bucket.TakeAsync(fresh, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            PutBack(result);
            throw;
        }

        return Show(result, given);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!source.TryRead(out result))
            return false;
        long fresh = HoldBack(result);
        int given = fresh == 0 || result.IsCanceled ? 0 : bucket.TryTake(fresh);
        if (given == 0 && fresh > 0 && !result.IsCanceled)
        {
            PutBack(result);
            result = default;
            return false;
        }

        result = Show(result, given);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // Counted first: afterwards the source may use the memory for something else.
        long count = _isShowing ? _shown.Slice(0, consumed).Length : 0;
        source.AdvanceTo(consumed, examined);
        _paid -= count;
        _isShowing = false;
        _shown = default;
    }

    public override void CancelPendingRead() => source.CancelPendingRead();

    public override void Complete(Exception? exception = null) => source.Complete(exception);

    private long HoldBack(in ReadResult result)
    {
        long fresh = result.Buffer.Length - _paid;
        Volatile.Write(ref _heldBack, fresh);
        return fresh;
    }

    // Not examined, so that the next read finds it at once.
    private void PutBack(in ReadResult result) => source.AdvanceTo(result.Buffer.Start, result.Buffer.Start);

    private ReadResult Show(in ReadResult result, int given)
    {
        _paid += given;
        long rest = result.Buffer.Length - _paid;
        Volatile.Write(ref _heldBack, rest);
        _shown = result.Buffer.Slice(0, _paid);
        _isShowing = true;
        return new ReadResult(_shown, result.IsCanceled, result.IsCompleted && rest == 0);
    }
}
