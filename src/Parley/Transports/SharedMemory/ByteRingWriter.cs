using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// Hands out the free memory of a ring, so that what is put there is sent without a copy. What asks for more than is free is kept in a pooled
/// buffer, and follows as room comes. A flush is over when every byte is in the ring.
/// </summary>
/// <remarks>
/// What touches the segment is between <see cref="TryEnter"/> and <see cref="Leave"/>, and nothing there fails by an exception: failing
/// closes the connection, which waits for whoever is inside.
/// </remarks>
internal sealed partial class ByteRingWriter : PipeWriter, ISegmentUser
{
    private const int SmallestBuffer = 4 * 1024;

    // After so many writes without a wait the other connections of an inline loop have their turn.
    private const int WritesInARow = 32;

    // So much of a long write is published at once: the reader takes it while the next piece is copied.
    private const int Piece = 64 * 1024;

    private readonly SharedMemoryConnection _connection;
    private readonly SharedMemoryLink _link;
    private readonly ByteRingProducer _ring;
    private readonly Memory<byte> _memory;
    private byte[] _kept = [];
    private int _start;
    private int _end;
    private int _room;
    private int _writesInARow;
    private long _total;
    private bool _inHand;
    private bool _isInside;
    private int _closers;
    private bool _underWay;
    private bool _isTorn;
    private bool _isRefused;
    private bool _ended;
    private bool _completed;

    internal ByteRingWriter(SharedMemoryConnection connection, SharedMemoryLink link)
    {
        _connection = connection;
        _link = link;
        _ring = new ByteRingProducer(link.Outgoing);
        _memory = new RingView(link.Outgoing, link).Memory;
        _loopLook = new LoopLook(this);
        link.AddWriter(this);
    }

    /// <summary>Bytes put into the ring so far.</summary>
    internal long Total => Volatile.Read(ref _total);

    /// <summary>Whether the peer has been told that nothing follows.</summary>
    internal bool HasEnded => Volatile.Read(ref _ended);

    /// <summary>Whether a write was not finished, and never will be, as the connection was closed meanwhile.</summary>
    internal bool IsTorn => Volatile.Read(ref _underWay) || Volatile.Read(ref _isTorn);

    internal bool IsInside => Volatile.Read(ref _isInside);

    bool ISegmentUser.UsesSegment => Volatile.Read(ref _isInside) || _loopLook.IsLooking || Volatile.Read(ref _inHand) || Volatile.Read(ref _closers) > 0;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _ring.Pending + (_end - _start);

    public override Memory<byte> GetMemory(int sizeHint = 0)
        => TakeRoom(sizeHint) ? _memory.Slice(_ring.Offset, _room) : _kept.AsMemory(_end, _room);

    public override Span<byte> GetSpan(int sizeHint = 0) => TakeRoom(sizeHint) ? _ring.Free : _kept.AsSpan(_end, _room);

    public override void Advance(int bytes)
    {
        bool goesOn = TryEnter();
        bool isMisuse = goesOn && (uint)bytes > (uint)_room;
        if (!goesOn)
        {
            // A close has taken what there was before: the flush that follows throws.
            _isRefused = true;
            Volatile.Write(ref _inHand, false);
        }
        else if (!isMisuse)
        {
            _room -= bytes;
            if (_inHand)
                _ring.Put(bytes);
            else
                _end += bytes;
        }

        Leave();
        if (isMisuse)
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "More than the memory that was handed out.");
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (UnflushedBytes > 0 || _isRefused)
            return WriteAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);
        TakeBack();
        ReleaseIfClosed();
        return new(Result(canceled: TakeInterruption()));
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        try
        {
            Enter();
            bool canceled = TakeInterruption();
            int sent = 0;
            PutOutcome outcome = PutOutcome.Done;
            try
            {
                TakeBack();
                if (canceled)
                    Keep(source.Span);
                else
                    outcome = MustYield ? PutOutcome.Full : Put(source.Span, out sent);
                _underWay = outcome == PutOutcome.Full;
            }
            finally
            {
                Leave();
            }

            return outcome switch
            {
                PutOutcome.Done => new(Result(canceled)),
                PutOutcome.Full => WaitAndPutAsync(source[sent..], cancellationToken),
                _ => throw Failed(outcome),
            };
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<FlushResult>(failure);
        }
    }

    public override void CancelPendingFlush() => _link.WriterWake.Interrupt();

    /// <summary>
    /// Half-closes. Never blocks: bytes for which there is no room stay, and go out when the connection is disposed.
    /// </summary>
    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
            _connection.Abort(exception);
        if (_completed || _connection.Failure is not null)
            return;
        Enter();
        PutOutcome outcome;
        try
        {
            TakeBack();
            outcome = PutAndEnd();
            _completed = true;
        }
        finally
        {
            Leave();
        }

        if (outcome is PutOutcome.PeerGone or PutOutcome.Corrupt)
            throw Failed(outcome);
    }

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is null)
            return EndAsync(CancellationToken.None);
        Complete(exception);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what is unflushed and tells the peer that nothing follows.</summary>
    internal ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (_ended)
            return ValueTask.CompletedTask;
        try
        {
            if (_connection.Failure is not null)
                throw _connection.OverFailure(Step.Write);
            Enter(mayBeCompleted: true);
            PutOutcome outcome;
            try
            {
                TakeBack();
                outcome = PutAndEnd();
                _underWay = outcome == PutOutcome.Full;
            }
            finally
            {
                Leave();
            }

            return outcome switch
            {
                PutOutcome.Done => ValueTask.CompletedTask,
                PutOutcome.Full => WaitPutAndEndAsync(cancellationToken),
                _ => throw Failed(outcome),
            };
        }
        catch (Exception failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    // Inside.
    private PutOutcome PutAndEnd()
    {
        if (_ended)
            return PutOutcome.Done;
        PutOutcome outcome = UnflushedBytes > 0 ? Put([], out _) : PutOutcome.Done;
        if (outcome != PutOutcome.Done)
            return outcome;
        _ring.Control.SetOwnState(SharedLayout.Closed);
        TellReader();
        _completed = true;
        Volatile.Write(ref _ended, true);
        return PutOutcome.Done;
    }

    /// <summary>Publishes what is pending, and then puts what was kept and the source into the ring as far as there is room. Inside.</summary>
    /// <param name="source">What follows.</param>
    /// <param name="sent">Bytes of it that went.</param>
    private PutOutcome Put(ReadOnlySpan<byte> source, out int sent)
    {
        sent = 0;
        if (_link.HasEnded | _ring.Control.OtherState != SharedLayout.Open)
            return PutOutcome.PeerGone;
        if (_ring.Pending > 0)
            Publish();
        if (_start < _end)
        {
            _start += PutAll(_kept.AsSpan(_start, _end - _start));
            if (_start == _end)
                ReturnKept();
        }

        if (_start == _end && !source.IsEmpty)
            sent = PutAll(source);
        if (_ring.IsCorrupt)
            return PutOutcome.Corrupt;
        return _start == _end && sent == source.Length ? PutOutcome.Done : PutOutcome.Full;
    }

    private int PutAll(ReadOnlySpan<byte> bytes)
    {
        int put = 0;
        while (put < bytes.Length)
        {
            int piece = Math.Min(bytes.Length - put, Piece);
            if (_ring.Room < piece)
                _ring.Look();
            piece = Math.Min(piece, _ring.Room);
            if (piece == 0)
                break;
            bytes.Slice(put, piece).CopyTo(_ring.Free);
            _ring.Put(piece);
            Publish();
            put += piece;
        }

        return put;
    }

    private void Publish()
    {
        Volatile.Write(ref _total, _total + _ring.Pending);
        _writesInARow++;
        _ring.Publish();
        _connection.NoteActivity();
        TellReader();
    }

    // Published: section 4 of docs/shared-memory-protocol.md.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TellReader()
    {
        Interlocked.MemoryBarrier();
        if (_ring.Control.OtherSleeps)
            _ring.Control.WakeOther(_link);
    }

    /// <summary>Finds room for what is asked for, and keeps the segment mapped where it is in the ring.</summary>
    /// <returns>Whether it is in the ring; otherwise it is in the buffer, behind what is kept there.</returns>
    private bool TakeRoom(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        Enter();
        try
        {
            int wanted = Math.Max(1, sizeHint);
            bool inRing = false;
            if (_start == _end)
            {
                if (_ring.Room < wanted)
                    _ring.Look();
                inRing = _ring.Room >= wanted;
            }

            if (!inRing)
                MakeKeptRoom(wanted);
            _room = inRing ? _ring.Room : _kept.Length - _end;
            Volatile.Write(ref _inHand, inRing);
            return inRing;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>What a cancelled write did not get out stays in the buffer, and goes first with the next flush.</summary>
    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
            return;
        MakeKeptRoom(rest.Length);
        rest.CopyTo(_kept.AsSpan(_end));
        _end += rest.Length;
    }

    private void MakeKeptRoom(int wanted)
    {
        if (_kept.Length - _end >= wanted)
            return;
        int unsent = _end - _start;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, checked(Math.Max(unsent * 2, unsent + wanted))));
        _kept.AsSpan(_start, unsent).CopyTo(larger);
        ReturnKept();
        _kept = larger;
        _end = unsent;
    }

    private void ReturnKept()
    {
        // Where a close empties it, somebody may still have it in hand.
        if (_kept.Length > 0 && !_connection.IsOver)
            ArrayPool<byte>.Shared.Return(_kept);
        _kept = [];
        _start = _end = 0;
    }

    /// <summary>The memory that was handed out is not its user's any more.</summary>
    private void TakeBack()
    {
        _room = 0;
        Volatile.Write(ref _inHand, false);
    }

    private bool TakeInterruption() => _link.WriterWake.TakeInterruption();

    private static FlushResult Result(bool canceled) => new(canceled, isCompleted: false);

    private void Enter(bool mayBeCompleted = false)
    {
        if (_connection.Failure is not null)
            throw _connection.OverFailure(Step.Write);
        if (_completed && !mayBeCompleted)
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
        if (_underWay)
            throw new InvalidOperationException("Another write is under way: one at a time.");
        if (!TryEnter())
        {
            TakeBack();
            Leave();
            throw _connection.OverFailure(Step.Write);
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
