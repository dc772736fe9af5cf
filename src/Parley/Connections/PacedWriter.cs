using System.Buffers;
using System.IO.Pipelines;

namespace Parley;

/// <summary>Gives bytes to another writer no faster than a rate allows.</summary>
internal sealed class PacedWriter(PipeWriter target, TokenBucket bucket) : PipeWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private int _given;

    public override bool CanGetUnflushedBytes => target.CanGetUnflushedBytes;

    public override long UnflushedBytes => Waiting + target.UnflushedBytes;

    /// <summary>Bytes that were put here and that the target has not got yet.</summary>
    internal int Waiting => _buffer.WrittenCount - _given;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);

        // The target says whether it takes anything at all any more.
        if (Waiting == 0)
            target.GetMemory();
        return _buffer.GetMemory(sizeHint);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.FreeCapacity);
        _buffer.Advance(bytes);
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        // What a flush that was given up has left with the target goes as well.
        if (Waiting == 0)
            return await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        FlushResult result = default;
        while (Waiting > 0)
        {
            int piece = await bucket.TakeAsync(Waiting, cancellationToken).ConfigureAwait(false);
            target.Write(_buffer.WrittenSpan.Slice(_given, piece));
            _given += piece;
            if (Waiting == 0)
                Empty();
            result = await target.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (result.IsCanceled || result.IsCompleted)
                break;
        }

        return result;
    }

    public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FlushResult result = default;
        try
        {
            if (Waiting > 0)
                result = await FlushAsync(cancellationToken).ConfigureAwait(false);
            while (!source.IsEmpty && !result.IsCanceled && !result.IsCompleted)
            {
                int piece = await bucket.TakeAsync(source.Length, cancellationToken).ConfigureAwait(false);

                // In the target's buffer a piece is safe from a cancellation.
                target.Write(source.Span[..piece]);
                source = source[piece..];
                result = await target.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            _buffer.Write(source.Span);
            throw;
        }

        // A flush that was cancelled keeps what was written: the next one sends it.
        if (result.IsCanceled && !source.IsEmpty)
            _buffer.Write(source.Span);
        return result;
    }

    public override void CancelPendingFlush() => target.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        // This cannot wait: what is left goes at once.
        if (exception is null && Waiting > 0)
            target.Write(_buffer.WrittenSpan[_given..]);
        Empty();
        target.Complete(exception);
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is null)
            await FlushAsync().ConfigureAwait(false);
        Empty();
        await target.CompleteAsync(exception).ConfigureAwait(false);
    }

    private void Empty()
    {
        _buffer.ResetWrittenCount();
        _given = 0;
    }
}
