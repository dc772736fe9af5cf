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

    private ManualResetValueTaskSourceCore<WaitResult> _core = new() { RunContinuationsAsynchronously = !inline };
    private CancellationTokenRegistration _cancellation;
    private int _state;
    private bool _interrupted;
    private bool _closed;

    internal bool IsWaiting => Volatile.Read(ref _state) == Waiting;

    internal bool HasSignalled => Volatile.Read(ref _state) == Signalled;

    /// <summary>Forgets an edge that the system call made next will see for itself.</summary>
    internal void Forget()
    {
        if (Volatile.Read(ref _state) != Idle)
            Interlocked.CompareExchange(ref _state, Idle, Signalled);
    }

    /// <summary>An edge was seen. On the loop's thread.</summary>
    internal void Signal()
    {
        // A wait that begins between the two looks is one to complete: the edge must not fall between them.
        while (!TryComplete(WaitResult.Ready))
        {
            if (Interlocked.CompareExchange(ref _state, Signalled, Idle) != Waiting)
                return;
        }
    }

    /// <summary>Ends the wait there is, or the next one.</summary>
    internal void Interrupt()
    {
        Volatile.Write(ref _interrupted, true);
        TryComplete(WaitResult.Interrupted);
    }

    /// <summary>Takes an interruption that no wait has seen.</summary>
    internal bool TakeInterruption() => Volatile.Read(ref _interrupted) && Interlocked.Exchange(ref _interrupted, false);

    /// <summary>Ends the wait there is and every later one.</summary>
    internal void Close()
    {
        Volatile.Write(ref _closed, true);
        TryComplete(WaitResult.Closed);
        loop.Disarm(this);
    }

    internal override void OnDue() => TryComplete(WaitResult.Due);

    /// <summary>Waits for an edge. The descriptor must be watched by the loop already.</summary>
    internal ValueTask<WaitResult> WaitAsync(long due, CancellationToken cancellationToken)
    {
        if (!Arm())
            return new(WaitResult.Ready);

        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static readiness => ((Readiness)readiness!).TryComplete(WaitResult.Canceled), this);
        if (due != Never)
            loop.ArmAt(this, due);
        return CheckAfterArming();
    }

    /// <summary>Lets the other descriptors of the loop have their turn; only for code that runs on the loop's thread.</summary>
    internal ValueTask<WaitResult> YieldAsync()
    {
        if (!Arm())
            return new(WaitResult.Ready);
        loop.SignalInNextRound(this);
        return CheckAfterArming();
    }

    /// <summary>
    /// Waits until the loop wakes up the next time, at most 2 ms: for what is likely to be ready by then, and not worth watching for. On
    /// the loop's thread only.
    /// </summary>
    internal ValueTask<WaitResult> WaitForNextWakeAsync()
    {
        if (!Arm())
            return new(WaitResult.Ready);
        loop.SignalSoon(this);
        return CheckAfterArming();
    }

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

    private bool Arm()
    {
        if (IsWaiting)
            throw new InvalidOperationException("Another call is already waiting: one reader and one writer at a time.");
        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle)
            return true;
        Volatile.Write(ref _state, Idle);
        return false;
    }

    // Whoever closes or interrupts sets its flag first and then completes a waiter: looking again after arming misses neither.
    private ValueTask<WaitResult> CheckAfterArming()
    {
        if (Volatile.Read(ref _closed))
            TryComplete(WaitResult.Closed);
        else if (Volatile.Read(ref _interrupted))
            TryComplete(WaitResult.Interrupted);
        return new(this, _core.Version);
    }

    private bool TryComplete(WaitResult result)
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Waiting) != Waiting)
            return false;
        _core.SetResult(result);
        return true;
    }
}
