using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Transports.Memory;

/// <summary>Counts what is taken, and turns the pipe's way of ending into a connection's.</summary>
internal sealed class MemoryReader(PipeReader pipe, MemoryConnection connection) : PipeReader
{
    private ReadOnlySequence<byte> _last;
    private long _total;

    internal long Total => Volatile.Read(ref _total);

    public override bool TryRead(out ReadResult result)
    {
        ThrowIfOver();
        if (!pipe.TryRead(out result))
            return false;
        Note(result);
        return true;
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfOver();
        ReadResult result = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (connection.Failure is not null)
        {
            pipe.AdvanceTo(result.Buffer.Start);
            ThrowIfOver();
        }

        Note(result);
        return result;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Volatile.Write(ref _total, _total + _last.Slice(_last.Start, consumed).Length);
        _last = default;
        pipe.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => pipe.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
            connection.Abort(exception);
    }

    internal ValueTask<ReadResult> ReadForDrainAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    internal void Finish() => pipe.Complete();

    private void Note(in ReadResult result)
    {
        _last = result.Buffer;
        if (result.IsCompleted)
            connection.NotePeerEnd();
    }

    private void ThrowIfOver()
    {
        if (connection.Failure is not null)
            throw connection.OverFailure(Step.Read);
    }
}
