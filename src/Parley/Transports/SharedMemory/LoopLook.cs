using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// A wait in which the loop looks at the ring itself for as long as it is awake: two sides that are both awake make no system call. It is announced, and the
/// peer has to wake it, only when the loop goes to sleep.
/// </summary>
internal sealed class LoopLook(IAwaitedRing ring) : IAwaitedMemory
{
    private const int Over = 0;
    private const int Awaited = 1;
    private const int Looking = 2;

    private Readiness? _wake;
    private bool _isListed;
    private int _state;

    /// <summary>Whether the loop is at the ring at this moment.</summary>
    internal bool IsLooking => Volatile.Read(ref _state) == Looking;

    /// <summary>The wait has begun. On the loop's thread, which has said that it may look.</summary>
    internal void Begin(EventLoop loop, Readiness wake)
    {
        _wake = wake;
        Volatile.Write(ref _state, Awaited);
        if (_isListed)
            return;
        _isListed = true;
        loop.LookFor(this);
    }

    /// <summary>The wait is over: when this returns, the loop does not touch the ring any more. From any thread.</summary>
    internal void End()
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref _state) != Over && Interlocked.CompareExchange(ref _state, Over, Awaited) != Awaited)
            spin.SpinOnce();
    }

    // One whose wait is over is woken for nothing: it is out of the list then.
    bool IAwaitedMemory.HasCome()
    {
        if (Interlocked.CompareExchange(ref _state, Looking, Awaited) != Awaited)
            return true;
        bool hasCome = ring.HasCome();
        Volatile.Write(ref _state, Awaited);
        ring.EndLook();
        return hasCome;
    }

    bool IAwaitedMemory.Announce()
    {
        _isListed = false;
        if (Interlocked.CompareExchange(ref _state, Looking, Awaited) != Awaited)
            return false;
        bool hasCome = ring.HasComeAfterAnnouncing();
        Volatile.Write(ref _state, Over);
        ring.EndLook();
        return hasCome;
    }

    void IAwaitedMemory.Wake()
    {
        _isListed = false;
        _wake!.Signal();
    }
}
