using System.IO.Pipelines;

namespace Parley.Transports.Memory;

/// <summary>Counts what is written, and tells a writer when nobody reads any more.</summary>
internal sealed class MemoryWriter(PipeWriter pipe, MemoryConnection connection) : PipeWriter
{
    private long _total;
    private int _ended;

    internal long Total => Volatile.Read(ref _total);

    internal bool HasEnded => Volatile.Read(ref _ended) != 0;

    public override bool CanGetUnflushedBytes => pipe.CanGetUnflushedBytes;

    public override long UnflushedBytes => pipe.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ThrowIfOver();
        return pipe.GetMemory(sizeHint);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        ThrowIfOver();
        return pipe.GetSpan(sizeHint);
    }

    public override void Advance(int bytes)
    {
        pipe.Advance(bytes);
        Volatile.Write(ref _total, _total + bytes);
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfOver();
        FlushResult result = await pipe.FlushAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfOver();
        return result.IsCompleted ? throw connection.Reset(Step.Write) : result;
    }

    public override void CancelPendingFlush() => pipe.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
            connection.Abort(exception);
        else if (Interlocked.Exchange(ref _ended, 1) == 0)
            pipe.Complete();
    }

    internal async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (HasEnded)
            return;
        if (UnflushedBytes > 0)
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        Complete();
    }

    internal void Break(Exception reason)
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            pipe.Complete(reason);
    }

    private void ThrowIfOver()
    {
        if (connection.Failure is not null)
            throw connection.OverFailure(Step.Write);
        if (HasEnded)
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
    }
}
