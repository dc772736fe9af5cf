using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Reads a descriptor into one pooled buffer, which it holds only while there are bytes in it, or more of a stream is likely to be there
/// already: an idle connection holds none. The buffer grows with what arrives, so that small talk takes 4 KiB and a stream 256 KiB a call.
/// </summary>
internal sealed partial class DescriptorReader(DescriptorConnection connection) : PipeReader, IValueTaskSource<ReadResult>, IWaiter
{
    private const int SmallestBuffer = 4 * 1024;
    private const int LargestRead = 256 * 1024;

    // In pieces anyway, and all of it is to be in the near caches still when the last one has come. So much also says that the kernel should move it.
    private const int LargestPipeRead = DescriptorConnection.LargePiece;

    // What says more than small talk does.
    private const int BulkRead = 16 * 1024;

    // The loop looks at the clock for it, and remembers it for longer than so many take.
    private const int BulkReadsToNote = 8;

    // So many reads without a wait, and the next ones are likely to be as lucky.
    private const int StreamReads = 32;

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
        Attempt attempt = ReadNow(connection.Timestamp());
        result = attempt == Attempt.MustWait ? default : HandOut(attempt == Attempt.Interrupted);
        return attempt != Attempt.MustWait;
    }

    /// <summary>The same, but blocks in the kernel where nothing is there.</summary>
    internal bool TryReadBlocked(ref readonly int changes, int seen, out ReadResult result)
    {
        ThrowIfMisused();
        bool isInterrupted = TakeInterruption();
        if (isInterrupted || HasUnread())
        {
            result = HandOut(isInterrupted);
            return true;
        }

        long started = connection.Timestamp();
        connection.ReadDescriptor.Readable.Forget();
        Span<byte> room = MakeRoom(LargestRead);
        try
        {
            if (!TryTake(started, room.Length, connection.ReceiveBlocked(room, in changes, seen)))
            {
                result = default;
                return false;
            }
        }
        catch (ObjectDisposedException) when (IsClosed)
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
        long started = connection.Timestamp();
        Attempt attempt;
        try
        {
            attempt = ReadNow(started);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<ReadResult>(failure);
        }

        return attempt == Attempt.MustWait ? WaitAndReadAsync(started, cancellationToken) : new(HandOut(attempt == Attempt.Interrupted));
    }

    private enum Attempt
    {
        Done,
        Interrupted,
        MustWait,
    }

    /// <summary>Reads once, unless something is there that was read before.</summary>
    private Attempt ReadNow(long started)
    {
        try
        {
            ThrowIfMisused();
            if (TakeInterruption())
                return Attempt.Interrupted;
            if (HasUnread() || (!MustYield && !IsKnownEmpty() && TryFill(started, LargestRead)))
                return Attempt.Done;
            LetGoOfEmpty();
            return Attempt.MustWait;
        }
        catch (ObjectDisposedException) when (IsClosed)
        {
            throw connection.OverFailure(Step.Read);
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
        if (_start < _end)
            return;

        // In a stream the next bytes are there already, or nearly: its buffer goes back before a wait.
        if (_turn.Calls >= StreamReads && _buffer.Length >= _nextSize)
            _start = _end = 0;
        else
            Release();
    }

    public override void CancelPendingRead() => connection.ReadDescriptor.Readable.Interrupt();

    /// <summary>Whether nobody reads it any more.</summary>
    internal bool IsCompleted => _completed;

    /// <summary>Whether bytes that were read were still there when it was completed.</summary>
    internal bool HasLeftUnread { get; private set; }

    public override void Complete(Exception? exception = null)
    {
        if (_completed)
            return;
        _completed = true;
        HasLeftUnread = _start < _end;
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

    private bool IsClosed => connection.ReadDescriptor.Handle.IsClosed;

    private void LetGoOfEmpty()
    {
        if (_start == _end)
            Release();
    }

    private bool MustYield
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _turn.IsOver && IsOnLoop;
    }

    private bool IsOnLoop => connection.ReadDescriptor.Loop.IsCurrent;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool HasUnread()
    {
        if (!_needMore || connection.PeerEnded)
            return true;
        return _failure is null ? false : throw _failure;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TakeInterruption() => connection.ReadDescriptor.Readable.TakeInterruption();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadResult HandOut(bool canceled)
    {
        _handedOut = true;
        return new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), canceled, connection.PeerEnded);
    }

    /// <summary>Reads once.</summary>
    /// <returns>Whether there is something to hand out: bytes or the end. Otherwise one has to wait.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFill(long started, int most)
    {
        connection.ReadDescriptor.Readable.Forget();
        Span<byte> room = MakeRoom(most);
        return TryTake(started, room.Length, connection.Receive(room));
    }

    /// <summary>Accounts for the outcome of a read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTake(long started, int asked, nint count)
    {
        if (count is -Errno.EAGAIN or -Errno.EINTR)
        {
            LetGoOfEmpty();
            return false;
        }

        if (connection.Observed)
            connection.Observe("read", connection.ReadDescriptor, started, count, asked);
        if (count < 0)
            Fail((int)-count);
        Account((int)count);
        if (count == 0)
        {
            LetGoOfEmpty();
            return true;
        }

        _drained = count < asked && connection.ShortReadDrains;
        if (count == asked)
            _nextSize = Math.Min(connection.ReadsFromPipe ? LargestPipeRead : LargestRead, Math.Max(_nextSize, _buffer.Length) * 2);
        _end += (int)count;
        _needMore = false;
        if (_turn.Calls == StreamReads && connection.ReadsFromPipe)
            connection.ReadDescriptor.Leave();
        return true;
    }

    /// <summary>
    /// A short read took all there was, and whatever came since has set off an edge: without one a read would be in vain. Asked before a
    /// wait only, for a wait that is over has used its edge up.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsKnownEmpty()
        => _drained && connection.ReadDescriptor is { MayHaveEnded: false, IsMuted: false, Readable.HasSignalled: false };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Account(int count)
    {
        _turn.Count(count);
        if (count == 0)
        {
            connection.PeerEnded = true;
            connection.NotePeerEnd();
            return;
        }

        if (count >= BulkRead && _turn.Calls % BulkReadsToNote == 1)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ThrowIfMisused()
    {
        if (_completed || _handedOut || connection.ReadDescriptor.Readable.IsWaiting || connection.Failure is not null || connection.IsClosing)
            ThrowMisused();
    }

    private void ThrowMisused()
    {
        if (_completed)
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
        if (_handedOut)
            throw new InvalidOperationException("AdvanceTo must follow each read.");
        if (connection.ReadDescriptor.Readable.IsWaiting)
            throw new InvalidOperationException("Another read is waiting: one at a time.");
        throw connection.OverFailure(Step.Read);
    }
}
