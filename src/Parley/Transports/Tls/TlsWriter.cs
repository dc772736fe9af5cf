using System.IO.Pipelines;
using System.Net.Security;

namespace Parley.Transports.Tls;

/// <summary>
/// What is to be encrypted. It goes piece by piece into the writer underneath, which is flushed after each: whoever stops waiting leaves whole
/// records there, and the rest here.
/// </summary>
#pragma warning disable CA1001 // The wait handle of the semaphore, all there is to dispose of, is never made.
internal sealed class TlsWriter(TlsConnection connection, SslStream engine, Connection inner) : PipeWriter
#pragma warning restore CA1001
{
    private const int PieceSize = 64 * 1024;
    private const int FirstSize = 4096;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _hasSaidGoodbye;
    private long _sent;

    /// <summary>Bytes that were encrypted and given to the connection underneath.</summary>
    internal long Sent => Volatile.Read(ref _sent);

    /// <summary>Whether the peer has been told that nothing more follows.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>Whether a write was still waiting for the peer when the connection was disposed.</summary>
    internal bool WasInterrupted { get; private set; }

    /// <summary>Bytes that have not been encrypted yet.</summary>
    internal int Kept => _end - _start;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => Kept + (inner.Output.CanGetUnflushedBytes ? inner.Output.UnflushedBytes : 0);

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        CheckUse();
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _end);
        _end += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        => WriteAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);

    public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckUse();
        if (!_turn.Wait(0, CancellationToken.None))
            throw new InvalidOperationException("Another write is waiting.");
        try
        {
            bool isCanceled = false;
            try
            {
                isCanceled = !await SendKeptAsync(cancellationToken).ConfigureAwait(false);
                while (!isCanceled && source.Length > 0)
                {
                    ReadOnlyMemory<byte> piece = source[..Math.Min(source.Length, PieceSize)];
                    source = source[piece.Length..];
                    isCanceled = !await SendAsync(piece, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                // Who stops waiting has written nevertheless: the rest goes with the next flush.
                Keep(source.Span);
            }

            if (!isCanceled)
                return default;
            WasInterrupted = connection.IsOver;
            connection.ThrowIfOver(Step.Write);
            return new FlushResult(isCanceled: true, isCompleted: false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw connection.Explain(failure, Step.Write);
        }
        finally
        {
            _turn.Release();
        }
    }

    public override void CancelPendingFlush() => inner.Output.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
            connection.Abort(exception);
        else if (!connection.IsOver)
            _ = EndOrAbortAsync();
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is not null)
            connection.Abort(exception);
        else if (!connection.IsOver)
            await connection.CompleteWritesAsync().ConfigureAwait(false);
    }

    /// <summary>Sends what is kept, says goodbye, and ends the direction underneath.</summary>
    /// <exception cref="OperationCanceledException">The wait was given up; it can be asked for again.</exception>
    internal async ValueTask EndAsync(bool isClosing, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (HasEnded)
                return;
            if (!isClosing)
                connection.ThrowIfOver(Step.Write);
            else if (WasInterrupted)
                throw connection.DisposedWhileWriting();
            while (!await SendKeptAsync(cancellationToken).ConfigureAwait(false))
            {
                // A cancelled flush is no reason to go without the rest when closing; otherwise whoever cancelled it meant this.
                if (!isClosing)
                {
                    connection.ThrowIfOver(Step.Write);
                    throw new OperationCanceledException("The flush was cancelled through the connection's output.");
                }
            }

            if (!_hasSaidGoodbye)
            {
                await connection.SayGoodbyeAsync().ConfigureAwait(false);
                _hasSaidGoodbye = true;
            }

            await inner.CompleteWritesAsync(cancellationToken).ConfigureAwait(false);
            HasEnded = true;
        }
        catch (Exception failure) when (failure is not OperationCanceledException && !isClosing)
        {
            throw connection.Explain(failure, Step.Write);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task EndOrAbortAsync()
    {
        try
        {
            await EndAsync(isClosing: false, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Nobody waits for this: whoever uses the connection next is told.
            connection.Abort(failure);
        }
    }

    /// <summary>Sends what is kept, and what is still unflushed underneath.</summary>
    /// <returns><see langword="false"/> when the flush was cancelled.</returns>
    private async ValueTask<bool> SendKeptAsync(CancellationToken cancellationToken)
    {
        do
        {
            int size = Math.Min(Kept, PieceSize);
            int from = _start;
            _start += size;
            if (!await SendAsync(_buffer.AsMemory(from, size), cancellationToken).ConfigureAwait(false))
                return false;
        }
        while (Kept > 0);

        (_start, _end) = (0, 0);
        if (_buffer.Length > PieceSize)
            _buffer = [];
        return true;
    }

    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        if (!piece.IsEmpty)
        {
            // Never waits: what it writes is taken by the writer underneath.
            await engine.WriteAsync(piece, CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref _sent, _sent + piece.Length);
        }

        return !(await inner.Output.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCanceled;
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
            return;
        MakeRoom(rest.Length);
        rest.CopyTo(_buffer.AsSpan(_end));
        _end += rest.Length;
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Length - _end >= size)
            return;
        byte[] larger = new byte[Math.Max(FirstSize, Math.Max(Kept + size, (int)Math.Min(2L * Kept, Array.MaxLength)))];
        _buffer.AsSpan(_start, Kept).CopyTo(larger);
        (_buffer, _start, _end) = (larger, 0, Kept);
    }

    private void CheckUse()
    {
        connection.ThrowIfOver(Step.Write);
        if (HasEnded || _hasSaidGoodbye)
            throw new InvalidOperationException("The output has been completed.");
    }
}
