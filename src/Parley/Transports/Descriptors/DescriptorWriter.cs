using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Writes a descriptor: what was put into its buffer with one call at the flush, and a caller's own memory without a copy. A flush is
/// over when the system has taken every byte.
/// </summary>
internal sealed partial class DescriptorWriter(DescriptorConnection connection) : PipeWriter
{
    private const int SmallestBuffer = 4 * 1024;

    // One write at a time, and none behind the back of a dispose on another thread: bytes would go out twice.
    private const int Free = 0;
    private const int Busy = 1;
    private const int Claimed = 2;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private LoopTurn _turn;
    private int _gate;
    private long _total;
    private bool _ended;
    private bool _completed;

    /// <summary>Bytes that the system has taken so far.</summary>
    internal long Total => Volatile.Read(ref _total);

    /// <summary>Whether the peer has been told that nothing follows.</summary>
    internal bool HasEnded => Volatile.Read(ref _ended);

    /// <summary>Takes over from somebody who wrote to the descriptor before there was a connection.</summary>
    internal void Adopt(long sent, bool hasEnded)
    {
        _total = sent;
        _ended = _completed = hasEnded;
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _end - _start;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsSpan(_end);
    }

    public override void Advance(int bytes)
    {
        if ((uint)bytes > (uint)(_buffer.Length - _end))
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "More than the memory that was handed out.");
        _end += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_start == _end)
            return new(Result(canceled: TakeInterruption()));
        return WriteAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        long started = connection.Timestamp();
        if (TryWriteNow(source.Span, started, out int sent, out Exception? failure))
            return new(Result(canceled: false));
        if (failure is not null)
            return ValueTask.FromException<FlushResult>(failure);
        source = source[sent..];
        return TakeInterruption() ? KeepAndLeave(source.Span) : WaitSendAndLeaveAsync(source, started, cancellationToken);
    }

    private ValueTask<FlushResult> KeepAndLeave(ReadOnlySpan<byte> source)
    {
        try
        {
            Keep(source);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<FlushResult>(failure);
        }
        finally
        {
            Leave();
        }

        return new(Result(canceled: true));
    }

    /// <summary>Sends what goes without waiting.</summary>
    /// <returns>Whether that was everything; otherwise, without a failure, the write is still under way.</returns>
    private bool TryWriteNow(ReadOnlySpan<byte> source, long started, out int sent, out Exception? failure)
    {
        sent = 0;
        failure = null;
        bool isInside = false;
        try
        {
            ThrowIfMisused();
            Enter();
            isInside = true;
            if (connection.WriteDescriptor.WritableIfAwaited?.IsInterrupted == true || MustYield)
                return false;
            sent = TrySend(source, started, moreFollows: false);
            if (sent < source.Length || _start < _end)
                return false;
        }
        catch (Exception thrown)
        {
            failure = thrown;
            if (isInside)
                Leave();
            return false;
        }

        Leave();
        return true;
    }

    public override void CancelPendingFlush() => connection.WriteDescriptor.Writable.Interrupt();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitSendAndLeaveAsync(ReadOnlyMemory<byte> source, long started, CancellationToken cancellationToken)
    {
        try
        {
            return await WaitAndSendAsync(source, started, Deadline.Never, moreFollows: false, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter()
    {
        int before = Interlocked.CompareExchange(ref _gate, Busy, Free);
        if (before != Free)
            throw Occupied(before);
    }

    private Exception Occupied(int gate) => gate == Busy
        ? new InvalidOperationException("Another write is under way: one at a time.")
        : connection.OverFailure(Step.Write);

    // A claim stays.
    private void Leave() => Interlocked.CompareExchange(ref _gate, Free, Busy);

    /// <summary>Sends the buffer and then the source as far as they go without waiting.</summary>
    /// <returns>Bytes of the source that went.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TrySend(ReadOnlySpan<byte> source, long started, bool moreFollows)
    {
        try
        {
            if (_end > 0 && !TrySendBuffer(started, moreFollows || source.Length > 0))
                return 0;
            int sent = 0;
            while (sent < source.Length)
            {
                int count = Send(source[sent..], started, moreFollows);
                if (count == 0)
                    break;
                sent += count;
            }

            return sent;
        }
        catch (ObjectDisposedException) when (connection.WriteDescriptor.Handle.IsClosed)
        {
            throw connection.OverFailure(Step.Write);
        }
    }

    private bool TrySendBuffer(long started, bool moreFollows)
    {
        while (_start < _end)
        {
            int count = Send(_buffer.AsSpan(_start, _end - _start), started, moreFollows);
            if (count == 0)
                return false;
            _start += count;
        }

        ReleaseBuffer();
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Send(ReadOnlySpan<byte> bytes, long started, bool moreFollows)
    {
        connection.WriteDescriptor.WritableIfAwaited?.Forget();

        // Whoever observes sees each call.
        if (connection.Observed && connection.WritesToPipe)
            bytes = bytes[..Math.Min(bytes.Length, PipeSize.Piece)];
        nint count = connection.Transmit(bytes, moreFollows);
        if (count == -Errno.EAGAIN)
            return 0;
        if (connection.Observed)
            connection.Observe("write", connection.WriteDescriptor, started, count, bytes.Length);
        if (count < 0)
            throw connection.Fail(Step.Write, (int)-count);
        AccountSent((int)count);
        return (int)count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AccountSent(int count)
    {
        _turn.Count(count);
        Volatile.Write(ref _total, _total + count);
        connection.NoteActivity();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAndSendAsync(
        ReadOnlyMemory<byte> source, long started, long due, bool moreFollows, CancellationToken cancellationToken)
    {
        long stalledSince = Stopwatch.GetTimestamp();
        while (true)
        {
            WaitResult result;
            try
            {
                result = await AwaitRoomAsync(stalledSince, due, source.Length, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                Keep(source.Span);
                throw;
            }

            if (result == WaitResult.Interrupted)
            {
                TakeInterruption();
                Keep(source.Span);
                return Result(canceled: true);
            }

            if (result != WaitResult.Ready)
                continue;
            long before = _total;
            source = source[TrySend(source.Span, started, moreFollows)..];
            if (source.IsEmpty && _start == _end)
                return Result(canceled: false);
            if (_total != before)
                stalledSince = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Waits until more may go; <paramref name="rest"/> bytes besides those in the buffer wait for it.</summary>
    /// <returns><see cref="WaitResult.Ready"/>, <see cref="WaitResult.Interrupted"/>, or <see cref="WaitResult.Due"/> where no time is over yet.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<WaitResult> AwaitRoomAsync(long stalledSince, long due, int rest, CancellationToken cancellationToken)
    {
        long stallDue = Clock.After(stalledSince, connection.Options.WriteTimeout);
        WaitResult result;
        try
        {
            result = await WaitAsync(Math.Min(Math.Min(stallDue, due), connection.IdleDue), cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Write);
        }

        switch (result)
        {
            case WaitResult.Canceled:
                throw new OperationCanceledException(cancellationToken);
            case WaitResult.Closed:
                throw connection.OverFailure(Step.Write);
            case WaitResult.Due when Clock.IsOver(stallDue) || Clock.IsOver(due):
                throw Stalled(rest);
            case WaitResult.Due when Clock.IsOver(connection.IdleDue):
                ConnectionException idle = connection.IdleFailure(Step.Write);
                connection.Abort(idle);
                throw idle;
            default:
                return result;
        }
    }

    private ValueTask<WaitResult> WaitAsync(long due, CancellationToken cancellationToken)
    {
        bool yields = MustYield;
        _turn.Restart();
        Descriptor descriptor = connection.WriteDescriptor;
        return yields ? descriptor.Writable.YieldAsync() : descriptor.WaitWritableAsync(due, cancellationToken);
    }

    private ConnectionException Stalled(int rest)
    {
        long waiting = UnflushedBytes + rest + connection.CountUndelivered();
        var failure = new ConnectionException(
            Step.Write, Reason.TimedOut, connection.RemoteEndPoint ?? connection.LocalEndPoint,
            $"the peer takes nothing; {waiting} bytes were not delivered", Errno.ETIMEDOUT)
        { UndeliveredBytes = waiting };
        connection.Abort(failure);
        return failure;
    }

    /// <summary>What a cancelled write did not get out stays in the buffer, and goes first with the next flush.</summary>
    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (!rest.IsEmpty)
            this.Write(rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TakeInterruption() => connection.WriteDescriptor.WritableIfAwaited?.TakeInterruption() == true;

    private bool MustYield
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _turn.IsOver && IsOnLoop;
    }

    private bool IsOnLoop => connection.WriteDescriptor.Loop.IsCurrent;

    private static FlushResult Result(bool canceled) => new(canceled, isCompleted: false);

    private void MakeRoom(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        ThrowIfMisused();
        int wanted = Math.Max(1, sizeHint);
        if (_buffer.Length - _end >= wanted)
            return;

        int unsent = _end - _start;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, checked(Math.Max(unsent * 2, unsent + wanted))));
        _buffer.AsSpan(_start, unsent).CopyTo(larger);
        ReleaseBuffer();
        _buffer = larger;
        _end = unsent;
    }

    private void ReleaseBuffer()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ThrowIfMisused()
    {
        if (connection.Failure is not null || connection.ReceivesOnly || _completed)
            ThrowMisused();
    }

    private void ThrowMisused()
    {
        if (connection.Failure is not null)
            throw connection.OverFailure(Step.Write);
        if (connection.ReceivesOnly)
            throw new ConnectionException(Step.Write, Reason.Other, connection.RemoteEndPoint, "it goes one way, and this side only receives");
        throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
    }
}
