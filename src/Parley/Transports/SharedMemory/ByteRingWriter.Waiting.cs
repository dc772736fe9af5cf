using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// The writer's waits for room: section 4 of docs/shared-memory-protocol.md. The loop looks when the socket wakes it, so that a wake-up for
/// nothing wakes nobody.
/// </summary>
internal sealed partial class ByteRingWriter : IWaiter, IAwaitedRing
{
    private readonly LoopLook _loopLook;
    private BriefLook _look;
    private long _waitDue;

    private bool MustYield => _writesInARow >= WritesInARow && _link.Loop.IsCurrent;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAndPutAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        long stalledSince = Stopwatch.GetTimestamp();
        while (true)
        {
            WaitResult result = await WaitForRoomAsync(stalledSince, cancellationToken).ConfigureAwait(false);
            _loopLook.End();
            long before = _total;
            PutOutcome outcome = GoOn(result, source.Span, out int sent);
            switch (result)
            {
                case WaitResult.Canceled:
                    throw new OperationCanceledException(cancellationToken);
                case WaitResult.Interrupted:
                    TakeInterruption();
                    return Result(canceled: true);
                case WaitResult.Due:
                    ThrowIfTooLate(stalledSince, source.Length);
                    continue;
            }

            if (outcome == PutOutcome.Done)
                return Result(canceled: false);
            if (outcome != PutOutcome.Full)
                throw Failed(outcome);
            source = source[sent..];
            if (_total != before)
                stalledSince = Stopwatch.GetTimestamp();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitPutAndEndAsync(CancellationToken cancellationToken)
    {
        // A flush that is cancelled from elsewhere meanwhile is not this: nothing that was written is left behind.
        do
            await WaitAndPutAsync(ReadOnlyMemory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        while (UnflushedBytes > 0);
        await EndAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What follows a wait, whatever ended it: more is put into the ring, or the rest is kept.</summary>
    private PutOutcome GoOn(WaitResult result, ReadOnlySpan<byte> source, out int sent)
    {
        sent = 0;
        PutOutcome outcome = PutOutcome.Full;
        bool goesOn = TryEnter();
        try
        {
            if (!goesOn || result == WaitResult.Closed)
            {
                _isTorn = true;
            }
            else if (result == WaitResult.Ready)
            {
                outcome = Put(source, out sent);
                _underWay = outcome == PutOutcome.Full;
            }
            else
            {
                _ring.Control.TakeDown();
                if (result != WaitResult.Due)
                {
                    Keep(source);
                    _underWay = false;
                }
            }
        }
        finally
        {
            Leave();
        }

        return goesOn && result != WaitResult.Closed ? outcome : throw _connection.OverFailure(Step.Write);
    }

    private ValueTask<WaitResult> WaitForRoomAsync(long stalledSince, CancellationToken cancellationToken)
    {
        bool yields = MustYield;
        _writesInARow = 0;
        _waitDue = Clock.After(stalledSince, _connection.Options.WriteTimeout);
        while (true)
        {
            Readiness wake = _link.WriterWake;

            // Looked at after it was taken: what belongs to the close is left alone. The caller finds out.
            if (_connection.IsOver)
                return new(WaitResult.Closed);
            wake.Forget();
            bool looks = !yields && _link.Loop.MayLookFor;
            if (!yields && (looks ? IsWorthTryingNow() : IsWorthTryingBeforeWait()))
                return new(WaitResult.Ready);
            if (!wake.TryBegin(Math.Min(_waitDue, _connection.IdleDue), this, out short token, cancellationToken))
                continue;
            if (yields)
                _link.Loop.SignalInNextRound(wake);
            else if (looks)
                _loopLook.Begin(_link.Loop, wake);
            return new(wake, token);
        }
    }

    private bool IsWorthTryingNow()
    {
        bool isWorth = !TryEnter() || IsWorthTrying();
        Leave();
        return isWorth;
    }

    private bool IsWorthTryingBeforeWait()
    {
        bool isWorth = !TryEnter() || LookBriefly() || IsWorthTryingAnnounced();
        Leave();
        return isWorth;
    }

    private bool LookBriefly()
    {
        if (!_look.Begin(_link.Loop))
            return false;
        while (_look.GoesOn())
        {
            if (!IsWorthTrying())
                continue;
            _look.Found();
            return true;
        }

        return false;
    }

    // Announced: a reader that does not see it has given back before the second look, which then finds that.
    private bool IsWorthTryingAnnounced()
    {
        _ring.Control.Announce(SharedLayout.SleepsOnSocket);
        Interlocked.MemoryBarrier();
        if (!IsWorthTrying())
            return false;
        _ring.Control.TakeDown();
        return true;
    }

    private bool IsWorthTrying()
        => _ring.Room > 0 || _ring.Look() > 0 || _ring.IsCorrupt || _link.HasEnded || _ring.Control.OtherState != SharedLayout.Open;

    bool IAwaitedRing.HasCome()
        => _connection.IsOver || _ring.HasMoreRoom || _link.HasEnded || _ring.Control.OtherState != SharedLayout.Open;

    bool IAwaitedRing.HasComeAfterAnnouncing()
    {
        if (_connection.IsOver)
            return true;
        _ring.Control.Announce(SharedLayout.SleepsOnSocket);
        Interlocked.MemoryBarrier();
        return ((IAwaitedRing)this).HasCome();
    }

    void IAwaitedRing.EndLook()
    {
        if (_link.IsClosed)
            _link.ReleaseIfUnused();
    }

    bool IWaiter.TryFinish()
    {
        // Where it is over, the close ends the wait.
        bool isOver = TryEnter() && (IsWorthTrying() || IsWorthTryingAnnounced());
        Leave();
        return isOver;
    }

    bool IWaiter.IsTooLate(out long due)
    {
        due = Math.Min(_waitDue, _connection.IdleDue);
        return Clock.IsOver(due);
    }

    private void ThrowIfTooLate(long stalledSince, int rest)
    {
        if (Clock.IsOver(Clock.After(stalledSince, _connection.Options.WriteTimeout)))
            throw Stalled(rest);
        if (!Clock.IsOver(_connection.IdleDue))
            return;
        ConnectionException idle = _connection.IdleFailure(Step.Write);
        _connection.Abort(idle);
        throw idle;
    }

    internal ConnectionException Stalled(int rest)
    {
        long waiting = CountUndelivered() + rest;
        var failure = new ConnectionException(
            Step.Write, Reason.TimedOut, _connection.RemoteEndPoint ?? _connection.LocalEndPoint,
            $"the peer takes nothing; {waiting} bytes were not delivered", Errno.ETIMEDOUT)
        { UndeliveredBytes = waiting };
        _connection.Abort(failure);
        return failure;
    }

    // Outside: what cannot be breaks the connection off.
    private Exception Failed(PutOutcome outcome)
    {
        if (outcome == PutOutcome.PeerGone)
            return _connection.Broken(Step.Write, PeerState);
        ConnectionException failure = _connection.Corrupt(Step.Write);
        _connection.Abort(failure);
        return failure;
    }
}
