using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Lets one caller at a time wait until a descriptor can be read (or written), without an allocation a wait.
/// </summary>
/// <remarks>
/// The loop watches edges, so the order is: <see cref="Forget"/>, try the system call, and on EAGAIN <see cref="WaitAsync"/>. An edge
/// that comes between the call and the wait is remembered and ends the wait at once: no wake-up is lost.
/// </remarks>
internal sealed class Readiness(EventLoop loop, bool inline) : Deadline, IValueTaskSource<WaitResult>
{
    private const int Idle = 0;
    private const int Signalled = 1;
    private const int Waiting = 2;

    // Somebody waits who has a call of its own to make: a state of its own, for a wait may end and another begin, without a waiter, between
    // a look at the waiter and a change of the state.
    private const int Attended = 3;

    // The loop is asking the waiter. What else would end the wait meanwhile leaves its result behind: Asking + 1 + result.
    private const int Asking = 4;

    private ManualResetValueTaskSourceCore<WaitResult> _core = new() { RunContinuationsAsynchronously = !inline };
    private CancellationTokenRegistration _cancellation;
    private IWaiter? _waiter;
    private int _state;
    private bool _interrupted;
    private bool _closed;

    internal bool IsWaiting => Volatile.Read(ref _state) >= Waiting;

    internal bool HasSignalled => Volatile.Read(ref _state) == Signalled;

    /// <summary>Forgets an edge that the system call made next will see for itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Forget()
    {
        if (Volatile.Read(ref _state) != Idle)
            Interlocked.CompareExchange(ref _state, Idle, Signalled);
    }

    /// <summary>An edge was seen. On the loop's thread.</summary>
    internal void Signal()
    {
        // A wait that begins between the two looks is one to complete: the edge must not fall between them.
        while (!Ask(WaitResult.Ready))
        {
            if (Interlocked.CompareExchange(ref _state, Signalled, Idle) is not (Waiting or Attended))
                return;
        }
    }

    /// <summary>
    /// The same on any thread: there is something for whoever waits, as if an edge had been seen. It is the loop that wakes it, as always.
    /// </summary>
    internal void SignalFromElsewhere()
    {
        if (Interlocked.CompareExchange(ref _state, Signalled, Idle) >= Waiting)
            loop.ArmAt(this, Stopwatch.GetTimestamp());
    }

    /// <summary>Ends the wait there is, or the next one.</summary>
    internal void Interrupt()
    {
        Volatile.Write(ref _interrupted, true);
        TryComplete(WaitResult.Interrupted);
    }

    /// <summary>Whether there was an interruption that no wait has seen.</summary>
    internal bool IsInterrupted => Volatile.Read(ref _interrupted);

    /// <summary>Takes an interruption that no wait has seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TakeInterruption() => Volatile.Read(ref _interrupted) && Interlocked.Exchange(ref _interrupted, false);

    /// <summary>Ends the wait there is and every later one.</summary>
    internal void Close()
    {
        Volatile.Write(ref _closed, true);
        TryComplete(WaitResult.Closed);
        loop.Disarm(this);
    }

    /// <summary>Ends the wait there is, as one that is closed.</summary>
    internal void Fail() => TryComplete(WaitResult.Closed);

    internal override void OnDue() => Ask(WaitResult.Due);

    /// <summary>Waits for an edge. The descriptor must be watched by the loop already.</summary>
    internal ValueTask<WaitResult> WaitAsync(long due, CancellationToken cancellationToken)
        => TryBegin(due, waiter: null, out short token, cancellationToken) ? new(this, token) : new(WaitResult.Ready);

    /// <summary>Begins a wait for an edge, whose result is this source's under <paramref name="token"/>.</summary>
    /// <returns><see langword="false"/> where an edge came already: the call is to be tried again.</returns>
    internal bool TryBegin(long due, IWaiter? waiter, out short token, CancellationToken cancellationToken)
    {
        if (!TryArm(waiter, out token))
            return false;
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static readiness => ((Readiness)readiness!).TryComplete(WaitResult.Canceled), this);
        if (due != Never)
            loop.ArmAt(this, due);
        CheckAfterArming();
        return true;
    }

    /// <summary>Lets the other descriptors of the loop have their turn; only for code that runs on the loop's thread.</summary>
    internal ValueTask<WaitResult> YieldAsync()
    {
        if (!TryArm(waiter: null, out short token))
            return new(WaitResult.Ready);
        loop.SignalInNextRound(this);
        CheckAfterArming();
        return new(this, token);
    }

    /// <summary>
    /// Waits until the loop wakes up the next time, at most 2 ms: for what is likely to be ready by then, and not worth watching for. On
    /// the loop's thread only.
    /// </summary>
    internal ValueTask<WaitResult> WaitForNextWakeAsync()
    {
        if (!TryArm(waiter: null, out short token))
            return new(WaitResult.Ready);
        loop.SignalSoon(this);
        CheckAfterArming();
        return new(this, token);
    }

    /// <summary>The token that the wait which is over was given.</summary>
    internal CancellationToken CancellationToken => _cancellation.Token;

    public WaitResult GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        Due = Never;
        return _core.GetResult(token);
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);

    private bool TryArm(IWaiter? waiter, out short token)
    {
        if (IsWaiting)
            throw new InvalidOperationException("Another call is already waiting: one reader and one writer at a time.");
        _core.Reset();
        _waiter = waiter;
        token = _core.Version;
        if (Interlocked.CompareExchange(ref _state, waiter is null ? Waiting : Attended, Idle) == Idle)
            return true;
        Volatile.Write(ref _state, Idle);
        return false;
    }

    // Whoever closes or interrupts sets its flag first and then completes a waiter: looking again after arming misses neither.
    private void CheckAfterArming()
    {
        if (Volatile.Read(ref _closed))
            TryComplete(WaitResult.Closed);
        else if (Volatile.Read(ref _interrupted))
            TryComplete(WaitResult.Interrupted);
    }

    /// <summary>Ends the wait if the waiter agrees. On the loop's thread, but for those that wait without a waiter.</summary>
    /// <returns>Whether there was a wait.</returns>
    private bool Ask(WaitResult result)
    {
        if (Volatile.Read(ref _state) != Attended)
            return TryCompleteUnattended(result);
        if (Interlocked.CompareExchange(ref _state, Asking, Attended) != Attended)
            return false;

        IWaiter waiter = _waiter!;
        bool isOver = result == WaitResult.Due ? IsTooLate(waiter) : waiter.TryFinish();
        if (!isOver)
        {
            int before = Interlocked.CompareExchange(ref _state, Attended, Asking);
            if (before == Asking)
                return true;
            result = (WaitResult)(before - Asking - 1);
        }

        Volatile.Write(ref _state, Idle);
        _core.SetResult(result);
        return true;
    }

    private bool TryCompleteUnattended(WaitResult result)
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Waiting) != Waiting)
            return false;
        _core.SetResult(result);
        return true;
    }

    private bool IsTooLate(IWaiter waiter)
    {
        if (waiter.IsTooLate(out long due))
            return true;
        if (due != Never)
            loop.ArmAt(this, due);
        return false;
    }

    private bool TryComplete(WaitResult result)
    {
        while (true)
        {
            switch (Volatile.Read(ref _state))
            {
                case var waiting and (Waiting or Attended):
                    if (Interlocked.CompareExchange(ref _state, Idle, waiting) != waiting)
                        break;
                    _core.SetResult(result);
                    return true;
                case Asking:
                    if (Interlocked.CompareExchange(ref _state, Asking + 1 + (int)result, Asking) == Asking)
                        return true;
                    break;
                default:
                    return false;
            }
        }
    }
}
