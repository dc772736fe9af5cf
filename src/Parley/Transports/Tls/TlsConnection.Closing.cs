using System.Security.Cryptography;

namespace Parley.Transports.Tls;

internal sealed partial class TlsConnection
{
    // A close_notify in a record of either version. A peer that said goodbye first need not read ours.
    private const int LongestGoodbye = 64;

    public override void Abort(Exception? reason = null)
    {
        reason ??= new ConnectionException(Step.Close, Reason.Aborted, RemoteEndPoint ?? LocalEndPoint, "this side aborted the connection");
        if (Interlocked.CompareExchange(ref _failure, reason, null) is not null)
            return;
        _inner.Abort(reason);
        EndWaits();
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosing, 1) != 0)
            return;
        var disposed = new ConnectionException(Step.Close, Reason.Aborted, RemoteEndPoint ?? LocalEndPoint, "the connection was disposed");
        bool wasOver = Interlocked.CompareExchange(ref _failure, disposed, null) is not null;
        EndWaits();
        try
        {
            if (!wasOver)
                await EndGracefullyAsync().ConfigureAwait(false);
            await _inner.DisposeAsync().ConfigureAwait(false);
        }
        catch (ConnectionException failure) when (IsHarmless(failure))
        {
            // Nothing that the caller has written was lost.
            _inner.Abort(failure);
        }
        catch (ConnectionException failure)
        {
            _inner.Abort(failure);
            throw Undelivered(failure);
        }
        finally
        {
            await _inner.DisposeAsync().ConfigureAwait(false);
            await _decrypting.ConfigureAwait(false);
            await _engine.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal ConnectionException DisposedWhileWriting()
        => new(Step.Close, Reason.Aborted, RemoteEndPoint ?? LocalEndPoint, "it was disposed while a write was waiting");

    /// <summary>Not while the engine works on what was read: its shutdown and its reads take no care of one another.</summary>
    internal async ValueTask SayGoodbyeAsync()
    {
        await _records.EnterAsync().ConfigureAwait(false);
        try
        {
            await _engine.ShutdownAsync().ConfigureAwait(false);
        }
        finally
        {
            _records.Leave();
        }
    }

    private async ValueTask EndGracefullyAsync()
    {
        // A write that waits on another thread ends, and says so by having been interrupted.
        _output.CancelPendingFlush();
        using var deadline = new CancellationTokenSource();
        if (_settings.CloseTimeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(_settings.CloseTimeout);
        try
        {
            await _output.EndAsync(isClosing: true, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new ConnectionException(Step.Close, Reason.TimedOut, RemoteEndPoint ?? LocalEndPoint, "the peer did not take what was left in time")
            {
                UndeliveredBytes = _output.UnflushedBytes,
            };
        }
        catch (Exception broken) when (broken is (IOException or CryptographicException) and not ConnectionException)
        {
            throw TlsFailure.Explain(broken, _records, Step.Close, RemoteEndPoint ?? LocalEndPoint);
        }
    }

    private bool IsHarmless(ConnectionException failure)
    {
        if (_output.Sent + _output.Kept == 0)
            return true;
        bool hasPeerEnded = _decrypting.IsCompleted && ReadFailure is null;
        return hasPeerEnded && failure.Reason == Reason.Reset && _output.Kept == 0 && failure.UndeliveredBytes <= LongestGoodbye;
    }

    private ConnectionException Undelivered(ConnectionException failure)
    {
        // Underneath, what is encrypted is counted, which is a little more.
        long lost = Math.Min(failure.UndeliveredBytes + _output.Kept, _output.Sent + _output.Kept);
        return new ConnectionException(Step.Close, failure.Reason, RemoteEndPoint ?? LocalEndPoint, failure.Cause, failure.ErrorNumber, failure)
        {
            UndeliveredBytes = lost,
        };
    }

    private void EndWaits()
    {
        _decrypted.Reader.CancelPendingRead();
        _decrypted.Writer.CancelPendingFlush();
    }
}
