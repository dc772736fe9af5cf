using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Reads a descriptor into one pooled buffer, which it holds only while there are bytes in it: an idle connection holds none. The
/// buffer grows with what arrives, so that small talk takes 4 KiB and a stream 256 KiB a call.
/// </summary>
internal sealed partial class DescriptorReader(DescriptorConnection connection) : PipeReader, IValueTaskSource<ReadResult>, IWaiter
{
    private const int SmallestBuffer = 4 * 1024;
    private const int LargestRead = 256 * 1024;

    // What says more than small talk does.
    private const int BulkRead = 16 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _nextSize = SmallestBuffer;
    private LoopTurn _turn;
    private long _total;
    private bool _needMore = true;
    private bool _drained;
    private bool _completed;
    private bool _handedOut;
    private Exception? _failure;
    private Readiness? _waited;
    private long _started;

    /// <summary>Bytes read so far.</summary>
    internal long Total => Volatile.Read(ref _total);

    /// <summary>Takes over from somebody who read the descriptor before there was a connection.</summary>
    internal void Adopt(long received) => _total = received;

    public override bool TryRead(out ReadResult result)
    {
        ThrowIfMisused();
        if (TakeInterruption(out result) || TryServeBuffered(out result))
            return true;
        if (MustYield || IsKnownEmpty() || !TryFill(connection.Timestamp(), LargestRead))
            return false;
        result = HandOut(canceled: false);
        return true;
    }

    /// <summary>The same, but blocks in the kernel where nothing is there.</summary>
    internal bool TryReadBlocked(ref readonly int changes, int seen, out ReadResult result)
    {
        ThrowIfMisused();
        if (TakeInterruption(out result) || TryServeBuffered(out result))
            return true;
        long started = connection.Timestamp();
        connection.ReadDescriptor.Readable.Forget();
        Span<byte> room = MakeRoom(LargestRead);
        try
        {
            if (!TryTake(started, room.Length, connection.ReceiveBlocked(room, in changes, seen)))
                return false;
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Read);
        }

        result = HandOut(canceled: false);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        try
        {
            ThrowIfMisused();
            if (TakeInterruption(out ReadResult result) || TryServeBuffered(out result))
                return new(result);
            long started = connection.Timestamp();
            return !MustYield && !IsKnownEmpty() && TryFill(started, LargestRead)
                ? new(HandOut(canceled: false))
                : WaitAndReadAsync(started, cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<ReadResult>(failure);
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_handedOut)
            throw new InvalidOperationException("Nothing was read that could be advanced over.");

        // Positions of an empty read carry index 0 and no array; those of a read carry indices of the buffer.
        int to = _start == _end ? _end : consumed.GetInteger();
        int seen = _start == _end ? _end : examined.GetInteger();
        if (to < _start || to > _end || seen < to || seen > _end)
            throw new ArgumentOutOfRangeException(nameof(consumed), "The positions are not within what was read.");

        _handedOut = false;
        _needMore = seen == _end;
        _start = to;
        if (_start == _end)
            Release();
    }

    public override void CancelPendingRead() => connection.ReadDescriptor.Readable.Interrupt();

    /// <summary>Whether nobody reads it any more.</summary>
    internal bool IsCompleted => _completed;

    public override void Complete(Exception? exception = null)
    {
        if (_completed)
            return;
        _completed = true;
        Release();
        if (exception is not null)
            connection.Abort(exception);
    }

    private void Release()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
        _handedOut = false;
    }

    private bool MustYield => _turn.IsOver && connection.ReadDescriptor.Loop.IsCurrent;

    private bool TryServeBuffered(out ReadResult result)
    {
        if (_needMore && !connection.PeerEnded)
        {
            if (_failure is not null)
                throw _failure;
            result = default;
            return false;
        }

        result = HandOut(canceled: false);
        return true;
    }

    private bool TakeInterruption(out ReadResult result)
    {
        bool interrupted = connection.ReadDescriptor.Readable.TakeInterruption();
        result = interrupted ? HandOut(canceled: true) : default;
        return interrupted;
    }

    private ReadResult HandOut(bool canceled)
    {
        _handedOut = true;
        return new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), canceled, connection.PeerEnded);
    }

    private ValueTask<ReadResult> WaitAndReadAsync(long started, CancellationToken cancellationToken)
    {
        _started = started;
        do
        {
            if (TryBeginWait(cancellationToken, out short token))
                return new(this, token);
        }
        while (!TryFill(started, LargestRead));
        return new(HandOut(canceled: false));
    }

    private bool TryBeginWait(CancellationToken cancellationToken, out short token)
    {
        bool yields = MustYield;
        _turn.Restart();
        Descriptor descriptor = connection.ReadDescriptor;
        if (!descriptor.EnsureWatched() && !(yields && descriptor.WatchError == Errno.EPERM))
            throw connection.OverFailure(Step.Read);
        Readiness waited = _waited = descriptor.Readable;
        bool begun = waited.TryBegin(connection.IdleDue, this, out token, cancellationToken);
        descriptor.ReportInput();
        if (!yields)
            return begun;

        // On the loop's thread no edge comes meanwhile. The one that came is followed up in the next round, as it would be without one.
        begun = begun || waited.TryBegin(connection.IdleDue, this, out token, cancellationToken);
        descriptor.Loop.SignalInNextRound(waited);
        return begun;
    }

    bool IWaiter.TryFinish()
    {
        try
        {
            // The copy of a large read is for the thread that reads next, where that is not the loop's.
            return TryFill(_started, connection.Options.RunContinuationsInline ? LargestRead : SmallestBuffer);
        }
        catch (Exception failure)
        {
            _failure = failure;
            return true;
        }
    }

    bool IWaiter.IsTooLate(out long due)
    {
        due = connection.IdleDue;
        return Clock.IsOver(due);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _waited!.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _waited!.OnCompleted(continuation, state, token, flags);

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        Readiness waited = _waited!;
        CancellationToken cancellationToken = waited.CancellationToken;
        switch (waited.GetResult(token))
        {
            case WaitResult.Ready:
                return _failure is null ? HandOut(canceled: false) : throw _failure;
            case WaitResult.Interrupted:
                waited.TakeInterruption();
                return HandOut(canceled: true);
            case WaitResult.Canceled:
                throw new OperationCanceledException(cancellationToken);
            case WaitResult.Due:
                ConnectionException idle = connection.IdleFailure(Step.Read);
                connection.Abort(idle);
                throw idle;
            default:
                throw connection.OverFailure(Step.Read);
        }
    }

    /// <summary>Reads once.</summary>
    /// <returns>Whether there is something to hand out: bytes or the end. Otherwise one has to wait.</returns>
    private bool TryFill(long started, int most)
    {
        connection.ReadDescriptor.Readable.Forget();
        Span<byte> room = MakeRoom(most);
        try
        {
            return TryTake(started, room.Length, connection.Receive(room));
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Read);
        }
    }

    /// <summary>Accounts for the outcome of a read.</summary>
    private bool TryTake(long started, int asked, nint count)
    {
        if (count is -Errno.EAGAIN or -Errno.EINTR)
        {
            if (_start == _end)
                Release();
            return false;
        }

        if (connection.Observed)
            connection.Observe("read", connection.ReadDescriptor, started, count, asked);
        if (count < 0)
            Fail((int)-count);
        Account((int)count);
        if (count == 0)
            return true;
        _drained = count < asked && connection.ShortReadDrains;
        if (count == asked)
            _nextSize = Math.Min(LargestRead, Math.Max(_nextSize, _buffer.Length) * 2);
        _end += (int)count;
        _needMore = false;
        return true;
    }

    /// <summary>
    /// A short read took all there was, and whatever came since has set off an edge: without one a read would be in vain. Asked before a
    /// wait only, for a wait that is over has used its edge up.
    /// </summary>
    private bool IsKnownEmpty()
        => _drained && connection.ReadDescriptor is { MayHaveEnded: false, IsMuted: false, Readable.HasSignalled: false };

    private void Account(int count)
    {
        _turn.Count(count);
        if (count == 0)
        {
            connection.PeerEnded = true;
            connection.NotePeerEnd();
            return;
        }

        if (count >= BulkRead)
            connection.ReadDescriptor.Loop.NoteBulk();
        Volatile.Write(ref _total, _total + count);
        connection.NoteActivity();
    }

    [DoesNotReturn]
    private void Fail(int error)
    {
        ConnectionException failure = connection.Fail(Step.Read, error);
        _failure = failure;
        throw failure;
    }

    private Span<byte> MakeRoom(int most)
    {
        if (_buffer.Length == 0)
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Min(_nextSize, most));
        else if (_end == _buffer.Length)
            Enlarge();
        return _buffer.AsSpan(_end, Math.Min(most, _buffer.Length - _end));
    }

    private void Enlarge()
    {
        // The caller has seen everything and wants more behind it: move it to the front, into a larger buffer if it fills this one.
        int unread = _end - _start;
        byte[] target = unread > _buffer.Length / 2 ? ArrayPool<byte>.Shared.Rent(checked(_buffer.Length * 2)) : _buffer;
        _buffer.AsSpan(_start, unread).CopyTo(target);
        if (target != _buffer)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = target;
        _start = 0;
        _end = unread;
    }

    private void ThrowIfMisused()
    {
        if (_completed)
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
        if (_handedOut)
            throw new InvalidOperationException("AdvanceTo must follow each read.");
        if (connection.ReadDescriptor.Readable.IsWaiting)
            throw new InvalidOperationException("Another read is waiting: one at a time.");
        if (connection.Failure is not null || connection.IsClosing)
            throw connection.OverFailure(Step.Read);
    }
}
