using System.Diagnostics;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

internal sealed partial class SharedMemoryConnection
{
    private long _endedAt;
    private bool _endedByPeer;
    private int _closing;

    /// <summary>Whether the peer has said that nothing follows, and everything before that has been read.</summary>
    internal bool PeerEnded { get; private set; }

    internal void NoteInputEnd()
    {
        PeerEnded = true;
        NotePeerEnd();
    }

    public override void Abort(Exception? reason = null)
    {
        reason ??= Fail(Step.Close, Reason.Aborted, "this side aborted the connection");
        if (Volatile.Read(ref _endedAt) != 0 || Interlocked.CompareExchange(ref _failure, reason, null) is not null)
            return;
        _isOver = true;
        if (Interlocked.CompareExchange(ref _endedAt, Stopwatch.GetTimestamp(), 0) == 0)
            _link.Abort(reason);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
            return;
        _isOver = true;

        // A connection that was aborted is closed already, and its waits have thrown the reason.
        if (Failure is not null)
            return;
        try
        {
            TakeOver();
            await CloseGracefullyAsync(Clock.FromNow(Options.CloseTimeout)).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Abort(failure);
            throw;
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _endedAt, Stopwatch.GetTimestamp(), 0) == 0)
            {
                _reader.Close();
                _link.Close();
            }
        }
    }

    public override async ValueTask WaitForDeliveryAsync(CancellationToken cancellationToken = default)
    {
        bool isDelivered = await AwaitDeliveryAsync(Deadline.Never, isClosing: false, cancellationToken).ConfigureAwait(false);
        if (Failure is not null)
            throw OverFailure(Step.Write);
        if (!isDelivered)
            throw Broken(Step.Write, _writer.PeerState);
    }

    /// <summary>Ends every wait, and waits until no call is inside a ring: none comes in any more.</summary>
    private void TakeOver()
    {
        Interlocked.MemoryBarrierProcessWide();
        _link.TakeOver();
        var spin = new SpinWait();
        while (_reader.IsInside || _writer.IsInside)
            spin.SpinOnce(sleep1Threshold: -1);

        // A write that waits for the peer cannot be finished behind its caller's back: that is a break, not an end.
        if (_writer.IsTorn)
            throw Fail(Step.Close, Reason.Aborted, "it was disposed while a write was waiting");
    }

    private void NotePeerEnd()
    {
        if (!_writer.HasEnded)
            _endedByPeer = true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CloseGracefullyAsync(long due)
    {
        await EndWritesAsync(due).ConfigureAwait(false);
        await DrainAsync(due).ConfigureAwait(false);
        bool isDelivered = await AwaitDeliveryAsync(due, isClosing: true, CancellationToken.None).ConfigureAwait(false);
        if (Failure is not null)
            throw OverFailure(Step.Close);
        if (!isDelivered)
            throw Undelivered();
    }

    /// <summary>Puts what is unflushed into the ring, and says that nothing follows.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask EndWritesAsync(long due)
    {
        long stallDue = Clock.FromNow(Options.WriteTimeout);
        while (true)
        {
            Readiness wake = _link.WriterWake;
            wake.Forget();
            long before = _writer.UnflushedBytes;
            PutOutcome outcome = _writer.TryEndClosing();
            if (outcome == PutOutcome.Full)
            {
                _writer.AnnounceClosing();
                outcome = _writer.TryEndClosing();
            }

            if (outcome == PutOutcome.Done)
                return;
            if (outcome == PutOutcome.Corrupt)
                throw Corrupt(Step.Close);
            if (outcome == PutOutcome.PeerGone)
                throw Failure is null ? Undelivered() : OverFailure(Step.Close);
            if (Clock.IsOver(due) || Clock.IsOver(stallDue))
                throw _writer.Stalled(rest: 0);
            if (_writer.UnflushedBytes != before)
                stallDue = Clock.FromNow(Options.WriteTimeout);
            await wake.WaitAsync(Math.Min(due, stallDue), CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Reads and drops until the peer ends: it may be waiting for room, and would not hear of the end before.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask DrainAsync(long due)
    {
        while (!_reader.DropToEnd(out bool hasMore))
        {
            Readiness wake = _link.ReaderWake;
            wake.Forget();
            if (!hasMore)
                _reader.AnnounceClosing();

            // The peer keeps its side open, or never stops talking. If it has everything, that is its own affair.
            if ((!hasMore && _reader.DropToEnd(out hasMore)) || Clock.IsOver(due))
                return;
            if (hasMore)
                await Task.Yield();
            else
                await wake.WaitAsync(due, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the peer has given back all that was flushed.</summary>
    /// <returns><see langword="false"/> where it never will, or the time is over.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> AwaitDeliveryAsync(long due, bool isClosing, CancellationToken cancellationToken)
    {
        while (true)
        {
            Readiness wake = _link.WriterWake;

            // Looked at after it was taken: what belongs to the close is not waited for by anybody else.
            if (!isClosing && IsOver)
                return IsDeliveryOver(out bool wasDelivered) && wasDelivered ? true : throw OverFailure(Step.Write);
            wake.Forget();
            if (IsDeliveryOver(out bool isDelivered) || Clock.IsOver(due))
                return isDelivered;
            _writer.AnnounceClosing();
            if (IsDeliveryOver(out isDelivered))
                return isDelivered;
            if (await wake.WaitAsync(due, cancellationToken).ConfigureAwait(false) == WaitResult.Canceled)
                throw new OperationCanceledException(cancellationToken);
        }
    }

    // Whether the peer is gone is looked at first: what it gave back before is seen then.
    private bool IsDeliveryOver(out bool isDelivered)
    {
        bool isGone = _writer.IsPeerGone;
        isDelivered = _writer.CountUndelivered() == _writer.UnflushedBytes;
        return isGone || isDelivered;
    }

    private ConnectionException Undelivered()
    {
        long lost = _writer.CountUndelivered();
        (Reason reason, string cause, int error) = _writer.IsPeerGone
            ? Explain(_writer.PeerState)
            : (Reason.TimedOut, Errno.Describe(Errno.ETIMEDOUT), Errno.ETIMEDOUT);
        string words = lost > 0 ? $"{cause}; {lost} bytes were not delivered" : cause;
        return new ConnectionException(Step.Close, reason, RemoteEndPoint ?? LocalEndPoint, words, error) { UndeliveredBytes = lost };
    }
}
