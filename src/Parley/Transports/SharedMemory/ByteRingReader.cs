using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// Hands out the bytes of a ring where they are. Only a reader that has seen a full ring and wants more behind it gets them moved, into
/// a pooled buffer that grows, until it has consumed them.
/// </summary>
/// <remarks>
/// What touches the segment is between <see cref="TryEnter"/> and <see cref="Leave"/>, and nothing there fails by an exception: failing
/// closes the connection, which waits for whoever is inside.
/// </remarks>
internal sealed partial class ByteRingReader : PipeReader, ISegmentUser
{
    // After so many reads without a wait the other connections of an inline loop have their turn.
    private const int ReadsInARow = 32;

    private readonly SharedMemoryConnection _connection;
    private readonly SharedMemoryLink _link;
    private readonly ByteRingConsumer _ring;
    private readonly ReadOnlyMemory<byte> _memory;
    private byte[] _moved = [];
    private int _start;
    private int _end;
    private int _handedAt;
    private int _handedLength;
    private int _readsInARow;
    private long _total;
    private bool _needMore = true;
    private bool _handedOut;
    private bool _inHand;
    private bool _isInside;
    private bool _closes;
    private bool _completed;
    private bool _drops;
    private Exception? _failure;

    internal ByteRingReader(SharedMemoryConnection connection, SharedMemoryLink link)
    {
        _connection = connection;
        _link = link;
        _ring = new ByteRingConsumer(link.Incoming);
        _memory = new RingView(link.Incoming, link).Memory;
        _loopLook = new LoopLook(this);
        link.AddReader(this);
    }

    /// <summary>Bytes seen so far.</summary>
    internal long Total => Volatile.Read(ref _total);

    bool ISegmentUser.UsesSegment => Volatile.Read(ref _isInside) || _loopLook.IsLooking || Volatile.Read(ref _inHand) || Volatile.Read(ref _closes);

    internal bool IsInside => Volatile.Read(ref _isInside);

    public override bool TryRead(out ReadResult result)
    {
        Enter();
        bool isThere;
        try
        {
            isThere = TryServe(out result);
        }
        finally
        {
            Leave();
        }

        return isThere || (_needMore && _failure is not null ? throw Failed() : false);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        try
        {
            return TryRead(out ReadResult result) ? new(result) : WaitAndReadAsync(cancellationToken);
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
        int to = consumed.GetInteger() - _handedAt;
        int seen = examined.GetInteger() - _handedAt;
        if (to < 0 || seen < to || seen > _handedLength)
            throw new ArgumentOutOfRangeException(nameof(consumed), "The positions are not within what was read.");

        // Where it is over, a close may be draining the ring: only the memory is let go of.
        bool goesOn = TryEnter();
        _handedOut = false;
        _needMore = seen == _handedLength;
        if (_start < _end)
            SkipMoved(to);
        else if (to > 0 && goesOn)
            GiveBack(to);
        Volatile.Write(ref _inHand, false);
        Leave();
    }

    public override void CancelPendingRead() => _link.ReaderWake.Interrupt();

    public override void Complete(Exception? exception = null)
    {
        if (_completed)
            return;
        _completed = true;
        _handedOut = false;
        SkipMoved(_end - _start);
        Volatile.Write(ref _inHand, false);
        ReleaseIfClosed();
        if (exception is not null)
            _connection.Abort(exception);
    }

    /// <summary>Why nothing can be read any more, behind what can.</summary>
    internal Exception? Failure => _failure;

    // Inside.
    private bool TryServe(out ReadResult result)
    {
        if (_link.ReaderWake.TakeInterruption())
        {
            result = HandOut(canceled: true);
            return true;
        }

        if ((_needMore && !_connection.PeerEnded) && (_failure is not null || MustYield || !TryTake() || _failure is not null))
        {
            result = default;
            return false;
        }

        result = HandOut(canceled: false);
        return true;
    }

    /// <summary>Takes what has come. Inside.</summary>
    /// <returns>Whether the wait for more is over, be it by a failure.</returns>
    private bool TryTake()
    {
        // The writer has no room, and the reader wants more before it gives any.
        if (_ring.Available == _ring.Capacity)
            Move();
        if (LookAndTake())
            return true;

        // Whether it has ended is looked at before the state, and the state before the bytes: what came first is not missed.
        bool peerIsGone = _link.HasEnded;
        uint state = _ring.Control.OtherState;
        if (state == SharedLayout.Open && !peerIsGone)
            return false;
        if (LookAndTake())
            return true;
        if (state == SharedLayout.Closed)
            _connection.NoteInputEnd();
        else
            _failure = _connection.Broken(Step.Read, state);
        return true;
    }

    private bool LookAndTake()
    {
        int count = _ring.Look();
        if (count == 0)
        {
            if (_ring.IsCorrupt)
                _failure = _connection.Corrupt(Step.Read);
            return _ring.IsCorrupt;
        }

        _readsInARow++;
        _needMore = false;
        Volatile.Write(ref _total, _total + count);
        _connection.NoteActivity();
        if (_start < _end && !_drops)
            Move();
        return true;
    }

    /// <summary>Moves all there is behind what was moved before, and gives its room back.</summary>
    private void Move()
    {
        int count = _ring.Available;
        int unread = _end - _start;
        if (count > _moved.Length - _end)
        {
            byte[] target = unread + count > _moved.Length / 2
                ? ArrayPool<byte>.Shared.Rent(checked(Math.Max(_moved.Length * 2, unread + count)))
                : _moved;
            _moved.AsSpan(_start, unread).CopyTo(target);
            if (target != _moved)
                ReturnMoved();
            _moved = target;
            _start = 0;
            _end = unread;
        }

        _ring.Bytes.CopyTo(_moved.AsSpan(_end));
        _end += count;
        GiveBack(count);
    }

    private void SkipMoved(int count)
    {
        _start += count;
        if (_start < _end)
            return;
        ReturnMoved();
        _moved = [];
        _start = _end = 0;
    }

    private void ReturnMoved()
    {
        if (_moved.Length > 0)
            ArrayPool<byte>.Shared.Return(_moved);
    }

    private void GiveBack(int count)
    {
        _ring.GiveBack(count);
        TellWriter();
    }

    // GaveBack: section 4 of docs/shared-memory-protocol.md.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TellWriter()
    {
        Interlocked.MemoryBarrier();
        if (_ring.Control.OtherSleeps)
            _ring.Control.WakeOther(_link);
    }

    // Inside: what is handed out of the ring keeps it mapped until the AdvanceTo.
    private ReadResult HandOut(bool canceled)
    {
        _handedOut = true;
        if (_start < _end)
        {
            _handedAt = _start;
            _handedLength = _end - _start;
            return new ReadResult(new ReadOnlySequence<byte>(_moved, _start, _handedLength), canceled, _connection.PeerEnded);
        }

        _handedLength = _ring.Available;
        _handedAt = _handedLength > 0 ? _ring.Offset : 0;
        if (_handedLength == 0)
            return new ReadResult(ReadOnlySequence<byte>.Empty, canceled, _connection.PeerEnded);
        Volatile.Write(ref _inHand, true);
        return new ReadResult(new ReadOnlySequence<byte>(_memory.Slice(_handedAt, _handedLength)), canceled, _connection.PeerEnded);
    }

    private void Enter()
    {
        if (_completed)
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
        if (_handedOut)
            throw new InvalidOperationException("AdvanceTo must follow each read.");
        if (_link.ReaderWake.IsWaiting)
            throw new InvalidOperationException("Another read is waiting: one at a time.");
        if (!TryEnter())
        {
            Leave();
            throw _connection.OverFailure(Step.Read);
        }
    }

    /// <summary>Begins to use the segment. <see cref="Leave"/> follows whatever it returns.</summary>
    private bool TryEnter()
    {
        Volatile.Write(ref _isInside, true);
        return !_connection.IsOver;
    }

    private void Leave()
    {
        Volatile.Write(ref _isInside, false);
        ReleaseIfClosed();
    }

    private void ReleaseIfClosed()
    {
        if (_link.IsClosed)
            _link.ReleaseIfUnused();
    }
}
