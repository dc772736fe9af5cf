using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Transports.Tls;

/// <summary>What was decrypted, and the end or the failure behind it. Bytes that came before a failure are handed out before it is thrown.</summary>
internal sealed class TlsReader(TlsConnection connection, PipeReader decrypted) : PipeReader
{
    private ReadOnlySequence<byte> _last;
    private bool _isReading;
    private bool _isCompleted;
    private bool _hasShownAll;
    private int _waiting;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        CheckUse();
        if (Interlocked.Exchange(ref _waiting, 1) != 0)
            throw new InvalidOperationException("Another read is waiting.");
        try
        {
            ReadResult result = await decrypted.ReadAsync(cancellationToken).ConfigureAwait(false);
            return HandOut(result);
        }
        finally
        {
            Volatile.Write(ref _waiting, 0);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        CheckUse();
        if (Volatile.Read(ref _waiting) != 0)
            throw new InvalidOperationException("Another read is waiting.");
        if (!decrypted.TryRead(out result))
            return false;
        result = HandOut(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isReading)
            throw new InvalidOperationException("There is no read to advance.");
        _ = _last.Slice(consumed, examined);
        _hasShownAll = examined.Equals(_last.End);
        _last = default;
        _isReading = false;
        decrypted.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => decrypted.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
            connection.Abort(exception);
        if (_isCompleted)
            return;
        _isCompleted = true;
        _isReading = false;
        decrypted.Complete();
    }

    private void CheckUse()
    {
        if (_isCompleted)
            throw new InvalidOperationException("The input has been completed.");
        if (_isReading)
            throw new InvalidOperationException("The last read has not been advanced.");
        connection.ThrowIfOver(Step.Read);
    }

    private ReadResult HandOut(ReadResult result)
    {
        bool isBroken = result.IsCompleted && connection.ReadFailure is not null;
        if (connection.IsOver || (isBroken && (result.Buffer.IsEmpty || _hasShownAll)))
        {
            decrypted.AdvanceTo(result.Buffer.Start);
            connection.ThrowIfOver(Step.Read);
            connection.ThrowReadFailure();
        }

        _last = result.Buffer;
        _isReading = true;
        _hasShownAll = false;
        return isBroken ? new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false) : result;
    }
}
