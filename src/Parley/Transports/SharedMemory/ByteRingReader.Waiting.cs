using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// The reader's waits: section 4 of docs/shared-memory-protocol.md. The loop looks when the socket wakes it, so that a wake-up for nothing
/// wakes nobody; the reader is the task source itself.
/// </summary>
internal sealed partial class ByteRingReader : IValueTaskSource<ReadResult>, IWaiter, IAwaitedRing
{
    private readonly LoopLook _loopLook;
    private BriefLook _look;
    private Readiness? _waited;

    private bool MustYield => _readsInARow >= ReadsInARow && _link.Loop.IsCurrent;

    private ValueTask<ReadResult> WaitAndReadAsync(CancellationToken cancellationToken)
    {
        bool yields = MustYield;
        _readsInARow = 0;
        while (true)
        {
            Readiness wake = _waited = _link.ReaderWake;

            // Looked at after it was taken: what belongs to the close is left alone.
            if (_connection.IsOver)
                throw _connection.OverFailure(Step.Read);
            wake.Forget();
            bool looks = !yields && _link.Loop.MayLookFor;
            if (!yields && !looks && TryReadBeforeWait(out ReadResult result))
                return new(result);
            if (!wake.TryBegin(_connection.IdleDue, this, out short token, cancellationToken))
                continue;
            if (yields)
                _link.Loop.SignalInNextRound(wake);
            else if (looks)
                _loopLook.Begin(_link.Loop, wake);
            return new(this, token);
        }
    }

    /// <summary>The second look of a reader that has announced itself, and before that a longer one where that has paid.</summary>
    private bool TryReadBeforeWait(out ReadResult result)
    {
        if (!TryEnter())
        {
            Leave();
            throw _connection.OverFailure(Step.Read);
        }

        result = default;
        bool isOver;
        try
        {
            isOver = LookBriefly() || TryTakeAnnounced();
            if (isOver && _failure is null)
                result = HandOut(canceled: false);
        }
        finally
        {
            Leave();
        }

        return isOver && _failure is not null ? throw Failed() : isOver;
    }

    private bool LookBriefly()
    {
        if (!_look.Begin(_link.Loop))
            return false;
        while (_look.GoesOn())
        {
            if (!TryTake())
                continue;
            _look.Found();
            return true;
        }

        return false;
    }

    // Announced: a writer that does not see it has published before the second look, which then finds that.
    private bool TryTakeAnnounced()
    {
        _ring.Control.Announce(SharedLayout.SleepsOnSocket);
        Interlocked.MemoryBarrier();
        if (!TryTake())
            return false;
        _ring.Control.TakeDown();
        return true;
    }

    bool IAwaitedRing.HasCome()
        => _connection.IsOver || _ring.HasMore || _link.HasEnded || _ring.Control.OtherState != SharedLayout.Open;

    bool IAwaitedRing.HasComeAfterAnnouncing()
    {
        if (_connection.IsOver)
            return true;
        _ring.Control.Announce(SharedLayout.SleepsOnSocket);
        Interlocked.MemoryBarrier();
        return ((IAwaitedRing)this).HasCome();
    }

    void IAwaitedRing.EndLook() => ReleaseIfClosed();

    bool IWaiter.TryFinish()
    {
        // Where it is over, the close ends the wait.
        bool isOver = false;
        try
        {
            isOver = TryEnter() && (TryTake() || TryTakeAnnounced());
        }
        catch (Exception failure)
        {
            _failure = failure;
            isOver = true;
        }
        finally
        {
            Leave();
        }

        return isOver;
    }

    bool IWaiter.IsTooLate(out long due)
    {
        due = _connection.IdleDue;
        return Clock.IsOver(due);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _waited!.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _waited!.OnCompleted(continuation, state, token, flags);

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _loopLook.End();
        Readiness waited = _waited!;
        CancellationToken cancellationToken = waited.CancellationToken;
        WaitResult outcome = waited.GetResult(token);
        ReadResult result = default;
        bool goesOn = TryEnter();
        if (goesOn && outcome != WaitResult.Ready)
            _ring.Control.TakeDown();
        if (goesOn && (outcome == WaitResult.Interrupted || (outcome == WaitResult.Ready && _failure is null)))
            result = HandOut(canceled: outcome == WaitResult.Interrupted);
        Leave();

        switch (outcome)
        {
            case WaitResult.Canceled:
                throw new OperationCanceledException(cancellationToken);
            case WaitResult.Ready when goesOn:
                return _failure is null ? result : throw Failed();
            case WaitResult.Interrupted when goesOn:
                waited.TakeInterruption();
                return result;
            case WaitResult.Due when goesOn:
                ConnectionException idle = _connection.IdleFailure(Step.Read);
                _connection.Abort(idle);
                throw idle;
            default:
                throw _connection.OverFailure(Step.Read);
        }
    }

    // Outside: what cannot be breaks the connection off.
    private Exception Failed()
    {
        Exception failure = _failure!;
        if (failure is ConnectionException { Reason: Reason.Corrupt })
            _connection.Abort(failure);
        return failure;
    }
}
