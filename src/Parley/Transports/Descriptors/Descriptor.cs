using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>A non-blocking file descriptor and the two things one can wait for on it.</summary>
internal sealed class Descriptor(DescriptorHandle handle, EventLoop loop, bool inline)
{
    private const uint ReadEvents = Libc.EPOLLIN | Libc.EPOLLPRI | Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR;
    private const uint WriteEvents = Libc.EPOLLOUT | Libc.EPOLLHUP | Libc.EPOLLERR;
    // Urgent data stops a read short at its mark, with more behind it.
    private const uint PeerEvents = Libc.EPOLLPRI | Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR;

    private Readiness _readable = new(loop, inline);
    private Readiness _writable = new(loop, inline);
    private int _watched;
    private int _closed;
    private volatile bool _peerEvent;
    private Action? _hungUp;

    internal DescriptorHandle Handle { get; } = handle;

    internal EventLoop Loop { get; } = loop;

    internal Readiness Readable => _readable;

    internal Readiness Writable => _writable;

    /// <summary>
    /// Whether the peer's end, or an error, may be waiting behind the bytes: then a short read does not mean that the next one would wait.
    /// </summary>
    internal bool MayHaveEnded => _peerEvent || _watched == 0;

    /// <summary>Called once, on the loop's thread, when both directions are over or broken (EPOLLHUP, EPOLLERR).</summary>
    internal Action? HungUp
    {
        set
        {
            _hungUp = value;
            EnsureWatched();
        }
    }

    /// <summary>The descriptor is first watched when somebody first has to wait: short conversations never pay for it.</summary>
    internal void EnsureWatched()
    {
        if (_watched == 0 && Interlocked.Exchange(ref _watched, 1) == 0)
            Loop.Watch(this);
    }

    internal ValueTask<WaitResult> WaitReadableAsync(long due, CancellationToken cancellationToken)
    {
        EnsureWatched();
        return _readable.WaitAsync(due, cancellationToken);
    }

    internal ValueTask<WaitResult> WaitWritableAsync(long due, CancellationToken cancellationToken)
    {
        EnsureWatched();
        return _writable.WaitAsync(due, cancellationToken);
    }

    /// <summary>Ends every wait there is, and lets the caller, who is closing, wait undisturbed by those whose waits were ended.</summary>
    internal void TakeOver()
    {
        if (_readable.IsWaiting)
            Replace(ref _readable);
        if (_writable.IsWaiting)
            Replace(ref _writable);

        void Replace(ref Readiness readiness)
        {
            Readiness old = readiness;
            Volatile.Write(ref readiness, new Readiness(Loop, inline));
            old.Close();
        }
    }

    internal void OnEvents(uint mask)
    {
        if ((mask & PeerEvents) != 0)
            _peerEvent = true;
        if ((mask & ReadEvents) != 0)
            _readable.Signal();
        if ((mask & WriteEvents) != 0)
            _writable.Signal();
        if ((mask & (Libc.EPOLLHUP | Libc.EPOLLERR)) != 0)
            Interlocked.Exchange(ref _hungUp, null)?.Invoke();
    }

    /// <summary>Ends every wait and gives the number back. Closing again does nothing.</summary>
    /// <returns>Whether this call was the one that closed it.</returns>
    internal bool Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return false;

        if (_watched != 0)
            Loop.Unwatch(this);
        Handle.Dispose();
        _readable.Close();
        _writable.Close();
        return true;
    }
}
