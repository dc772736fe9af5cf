using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// One side of a ring of messages, and how it waits for the other: section 4 of docs/shared-memory-protocol.md, whose states the comments
/// name. Any number of threads may wait; one of them at a time announces and sleeps, the others wait for their turn.
/// </summary>
/// <remarks>
/// What touches the segment is within the ring's gate, or has the turn: whoever wants to unmap the segment takes both.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore holds nothing of the system's until its wait handle is asked for.")]
internal abstract class RingSide : IAwaitedRing
{
    // What has become worth it again is to be noticed soon.
    private const int RarestLook = 128;

    // So many calls of code that runs on the loop's thread before the others have their turn.
    private const int CallsInARow = 32;

    // A peer that is awake on another core answers in less than one microsecond, and with an interrupt in between in ten. Who gives way meanwhile waits for
    // whatever else there is to run.
    private static readonly TimeSpan LongestLook = TimeSpan.FromMicroseconds(15);

    // A semaphore takes no more than 24 days.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    // A peer may move who sleeps there to a word of its own (FUTEX_REQUEUE), where no wake of this process reaches it.
    private static readonly TimeSpan LongestFutexSleep = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Readiness _wake;
    private readonly RingControl _control;
    private readonly long _lookTicks;
    private readonly int _mostLooks;
    private readonly bool _runsInline;
    private readonly bool _needsFence;
    private readonly LoopLook _loopLook;
    private readonly WaitLimits? _limits;

    // When the third look is due, where the announcement that stands was made with a membarrier and needs one: section 5.
    private long _thirdLookAt = Deadline.Never;
    private int _awaitedLength;
    private int _callsInARow;
    private BriefPoll _looks;
    private BriefPoll _yields;

    private protected RingSide(
        SharedMemoryChannel channel, SharedMemoryLink link, ChannelEnd end, MessageChannelOptions options, Readiness wake, in RingControl control, TimeSpan stallTimeout)
    {
        Channel = channel;
        Link = link;
        End = end;
        _wake = wake;
        _control = control;
        _needsFence = link.NeedsPublisherFence;
        _lookTicks = (long)(options.SpinTime.TotalSeconds * Stopwatch.Frequency);
        _mostLooks = ProcessorPause.CountIn(options.SpinTime < LongestLook ? options.SpinTime : LongestLook);
        _runsInline = options.RunContinuationsInline;
        _loopLook = new LoopLook(this);
        _limits = WaitLimits.Of(options.IdleTimeout, stallTimeout);
    }

    private protected SharedMemoryChannel Channel { get; }

    private protected SharedMemoryLink Link { get; }

    private protected ChannelEnd End { get; }

    private protected uint OtherState => _control.OtherState;

    /// <summary>Whether the other side has announced that it sleeps. Who has published, or gave back, looks after its fence.</summary>
    private protected bool OtherSleeps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _control.OtherSleeps;
    }

    private protected abstract Step Step { get; }

    /// <summary>Changes with whatever the peer does that a send waits for. With the turn.</summary>
    internal virtual long PeerProgress => 0;

    /// <summary>Looks, within the gate: whether a call would not wait, be it that it would fail.</summary>
    private protected abstract bool IsReady(int length);

    /// <summary>Before a wait: leaves nothing undone that the other side waits for.</summary>
    private protected abstract void PrepareToSleep();

    /// <summary>Published, or GaveBack: wakes the other side if it sleeps. Within the gate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void WakeOther()
    {
        if (_needsFence)
            Interlocked.MemoryBarrier();
        if (OtherSleeps)
            _control.WakeOther(Link);
    }

    /// <summary>Tells the other side that this one is closed or aborted. Within the gate, or with nobody else there.</summary>
    private protected void SetState(uint state)
    {
        _control.SetOwnState(state);
        WakeOther();
    }

    /// <summary>Whether to look for as long as a peer that is awake needs, before anything else.</summary>
    /// <remarks>
    /// On one core it never succeeds, and is soon tried rarely. How many cores this process may use says nothing of that: the peer may be pinned to
    /// another one.
    /// </remarks>
    private protected bool IsLookDue() => _lookTicks != 0 && _looks.IsDue();

    /// <summary>How many looks this one is to have at most.</summary>
    private protected int Looks => (int)_looks.Within(_mostLooks);

    private protected void NoteLook(bool hasCome)
    {
        if (hasCome)
            _looks.Found();
        else
            _looks.FoundNothing(RarestLook);
    }

    /// <summary>Whether to look, and let others run in between, before sleeping.</summary>
    private protected bool IsYieldDue() => _lookTicks != 0 && _yields.IsDue();

    private protected long YieldsEnd(long due) => Math.Min(due, Stopwatch.GetTimestamp() + _yields.Within(_lookTicks));

    /// <summary>
    /// It has come while others ran. Where they took longer than that was to last, who gives way to the peer gives way to somebody else too, for
    /// whole time slices: a sleeper is woken at once.
    /// </summary>
    private protected void NoteYields(long end)
    {
        if (Stopwatch.GetTimestamp() < end)
            _yields.Found();
        else
            _yields.FoundNothing();
    }

    private protected void NoteYieldsInVain() => _yields.FoundNothing();

    /// <summary>Sleeps in a futex until it is worth looking.</summary>
    /// <exception cref="ConnectionException">The time is over, the caller's or the channel's.</exception>
    private protected void Sleep(int length, long due)
    {
        while (!_turn.Wait(Left(due)))
        {
            if (Clock.IsOver(due))
                throw End.TimedOut(Step);
        }

        try
        {
            _limits?.Begin();
            while (!LookAgain(length))
            {
                EndIfTooLong();
                PrepareToSleep();
                if (!Announce(SharedLayout.SleepsInFutex, length))
                    return;
                if (Clock.IsOver(due))
                    throw End.TimedOut(Step);
                _control.Sleep(Left(Math.Min(Math.Min(due, LookAt), Clock.FromNow(LongestFutexSleep))));
            }
        }
        finally
        {
            if (!End.IsOver)
                TakeDown();
            _turn.Release();
        }
    }

    /// <summary>Waits for the socket until it is worth looking.</summary>
    /// <exception cref="ConnectionException">The channel's time is over.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask WaitAsync(int length, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _limits?.Begin();

            // Once it is over, the one who closes the channel is the one to wait here.
            while (!End.IsOver)
            {
                _wake.Forget();
                if (LookAgain(length))
                    return;
                EndIfTooLong();
                PrepareToSleep();
                WaitResult result = await BeginWait(length, cancellationToken).ConfigureAwait(false);
                _loopLook.End();
                if (result == WaitResult.Canceled)
                    throw new OperationCanceledException(cancellationToken);
            }
        }
        finally
        {
            if (!End.IsOver)
                TakeDown();
            _turn.Release();
        }
    }

    // With the turn.
    private ValueTask<WaitResult> BeginWait(int length, CancellationToken cancellationToken)
    {
        EventLoop loop = EventLoop.Shared;
        bool looks = loop.MayLookFor;
        if (!looks && !Announce(SharedLayout.SleepsOnSocket, length))
            return new(WaitResult.Ready);
        _callsInARow = 0;
        ValueTask<WaitResult> wait = _wake.WaitAsync(looks ? LimitLookAt : LookAt, cancellationToken);
        if (looks)
        {
            _awaitedLength = length;
            _loopLook.Begin(loop, _wake);
        }

        return wait;
    }

    bool IAwaitedRing.HasCome() => IsReadyForLoop(_awaitedLength);

    bool IAwaitedRing.HasComeAfterAnnouncing()
    {
        if (End.IsOver)
            return true;
        AnnounceAlone(SharedLayout.SleepsOnSocket);
        if (IsReadyForLoop(_awaitedLength))
            return true;
        if (_thirdLookAt != Deadline.Never)
            EventLoop.Shared.ArmAt(_wake, LookAt);
        return false;
    }

    // Who breaks the promise of being alone is told so, by the look that follows: the loop is not the one to hear it.
    private bool IsReadyForLoop(int length)
    {
        try
        {
            return IsReady(length);
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    void IAwaitedRing.EndLook()
    {
        // Whoever unmaps waits for the turn, which is kept until the loop does not look any more.
    }

    /// <summary>Whether the loop's other descriptors are to have their turn before this call: <see cref="YieldAsync"/>.</summary>
    private protected bool MustYield => _runsInline && EventLoop.Shared.IsCurrent && ++_callsInARow > CallsInARow;

    /// <summary>Lets the loop's other descriptors have their turn.</summary>
    private protected ValueTask YieldAsync()
    {
        _callsInARow = 0;
        return EventLoop.Shared.YieldAsync();
    }

    /// <summary>Ends every wait, for good: when it is over nobody is in the ring, or comes into it. <see cref="ChannelEnd.IsOver"/> is set before.</summary>
    internal async ValueTask EndWaitsAsync()
    {
        Interrupt();
        await _turn.WaitAsync().ConfigureAwait(false);
        _wake.TakeInterruption();

        // For those who wait for their turn: they find that it is over, and leave.
        _turn.Release();
    }

    /// <summary>Makes who waits look again. Not within the gate: what waited may go on within this call, and enters it.</summary>
    internal void Interrupt()
    {
        InterruptLoopWait();
        WakeOwn();
    }

    /// <summary>The same for who waits in the event loop. It touches nothing of the segment.</summary>
    private protected void InterruptLoopWait() => _wake.Interrupt();

    /// <summary>The same for threads that sleep.</summary>
    private protected void WakeOwn() => _control.WakeOwn();

    /// <summary>With nobody else in the ring, whose other waits have ended: waits until the peer has done something, or the time is over.</summary>
    /// <param name="hasCome">Whether it has.</param>
    /// <param name="due">When the time is over.</param>
    private protected async ValueTask WaitAloneAsync(Func<bool> hasCome, long due)
    {
        while (true)
        {
            _wake.Forget();
            bool isThird = IsThirdLookDue();
            if (hasCome() || Clock.IsOver(due))
                break;
            if (isThird)
                NoteThirdLook();
            AnnounceAlone(SharedLayout.SleepsOnSocket);
            if (hasCome())
                break;
            await _wake.WaitAsync(Math.Min(due, _thirdLookAt), CancellationToken.None).ConfigureAwait(false);
        }

        TakeDown();
    }

    /// <summary>Announced: a waker that does not see it has made its change before the second look, which then finds it.</summary>
    /// <returns><see langword="false"/> where the second look found something.</returns>
    private bool Announce(uint how, int length)
    {
        AnnounceAlone(how);
        return !IsReady(length);
    }

    private void AnnounceAlone(uint how)
    {
        bool isNew = _control.Announce(how);
        Link.Fence();
        if (isNew && Link.UsesMembarrier)
            _thirdLookAt = Stopwatch.GetTimestamp() + Link.ThirdLookAfter;
    }

    /// <summary>
    /// Looks. When nothing is found at the time of the third look or later, and the announcement stands, nobody has published without seeing it:
    /// then the sleep may be without end.
    /// </summary>
    private bool LookAgain(int length)
    {
        _limits?.BeginLook();
        bool isThird = IsThirdLookDue();
        if (IsReady(length))
            return true;
        if (isThird)
            NoteThirdLook();
        return false;
    }

    /// <summary>When a wait looks, though nothing wakes it.</summary>
    private long LookAt => Math.Min(_thirdLookAt, LimitLookAt);

    private long LimitLookAt => _limits?.LookAt ?? Deadline.Never;

    /// <summary>With the turn, after a look that has found nothing.</summary>
    /// <exception cref="ConnectionException">The wait has lasted for too long: the channel is broken off.</exception>
    private void EndIfTooLong()
    {
        if (_limits?.Look(Channel.Activity, PeerProgress) is { } cause)
            throw Channel.BreakOff(Step, Reason.TimedOut, cause);
    }

    /// <summary>Whether a look that begins now is the third one, the last that an announcement needs. If it finds nothing: <see cref="NoteThirdLook"/>.</summary>
    private bool IsThirdLookDue() => Clock.IsOver(_thirdLookAt);

    private void NoteThirdLook() => _thirdLookAt = Deadline.Never;

    private void TakeDown() => _control.TakeDown();

    // In whole milliseconds: that is what a semaphore counts in.
    private static TimeSpan Left(long due)
    {
        if (due == Deadline.Never)
            return Timeout.InfiniteTimeSpan;
        TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left > LongestSleep ? LongestSleep : TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
    }
}
