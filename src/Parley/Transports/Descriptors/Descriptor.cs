using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>A non-blocking file descriptor and the two things one can wait for on it.</summary>
internal class Descriptor(DescriptorHandle handle, EventLoop loop, bool inline)
{
    private const uint ReadEvents = Libc.EPOLLIN | Libc.EPOLLPRI | Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR;
    private const uint WriteEvents = Libc.EPOLLOUT | Libc.EPOLLHUP | Libc.EPOLLERR;
    // Urgent data stops a read short at its mark, with more behind it.
    private const uint PeerEvents = Libc.EPOLLPRI | Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR;

    // What the kernel reports: everything of interest; nothing that can be read; nothing at all. While it is being told, nobody else tells it.
    private const int Reported = 0;
    private const int Muted = 1;
    private const int Left = 2;
    private const int Changing = 3;

    private Readiness _readable = new(loop, inline);
    private Readiness? _writable;
    private int _watched;
    private int _report;
    private int _closed;
    private volatile bool _peerEvent;
    private volatile bool _hasHungUp;
    private Action? _hungUp;

    internal DescriptorHandle Handle { get; } = handle;

    internal EventLoop Loop { get; } = loop;

    /// <summary>What the loop reports: everything that changes, when it changes.</summary>
    internal virtual uint Interest => Libc.EPOLLIN | Libc.EPOLLPRI | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET;

    /// <summary>Tells its events from those of one that had the same number before.</summary>
    internal int Generation { get; set; }

    internal Readiness Readable => _readable;

    /// <summary>
    /// Made when a writer first has to wait, which most never do. An edge that came before is not known: it starts as if there had been one.
    /// </summary>
    internal Readiness Writable
    {
        get
        {
            if (_writable is null)
            {
                var first = new Readiness(Loop, inline);
                first.Signal();
                Interlocked.CompareExchange(ref _writable, first, null);
                if (Volatile.Read(ref _closed) != 0)
                    _writable.Close();
            }

            return _writable;
        }
    }

    /// <summary>The same, where nobody has waited yet: <see langword="null"/>.</summary>
    internal Readiness? WritableIfAwaited => _writable;

    /// <summary>
    /// Whether the peer's end, or an error, may be waiting behind the bytes: then a short read does not mean that the next one would wait.
    /// </summary>
    internal bool MayHaveEnded => _peerEvent || _watched == 0;

    /// <summary>
    /// Called once, on the loop's thread, when both directions are over or broken (EPOLLHUP, EPOLLERR); at once where they are already. A file
    /// never hangs up. What a limit keeps the loop from watching is no more over for that: it is told of once a later wait gets it watched.
    /// </summary>
    internal Action? HungUp
    {
        set
        {
            Interlocked.Exchange(ref _hungUp, value);
            bool isWatched = EnsureWatched();
            EndLeave();
            if (_hasHungUp || (!isWatched && (Volatile.Read(ref _closed) != 0 || Handle.IsClosed)))
                Interlocked.Exchange(ref _hungUp, null)?.Invoke();
        }
    }

    /// <summary>The descriptor is first watched when somebody first has to wait: short conversations never pay for it.</summary>
    /// <returns><see langword="false"/> where it is closed, or the kernel does not watch it: <see cref="WatchError"/>.</returns>
    internal bool EnsureWatched()
    {
        if (_watched != 0)
            return true;
        bool isHeld = false;
        try
        {
            // Held, so that its number cannot become somebody else's before the loop has it.
            Handle.DangerousAddRef(ref isHeld);
            if (Interlocked.Exchange(ref _watched, 1) == 0 && !TryWatch())
                return false;
            if (Volatile.Read(ref _closed) != 0)
                Loop.Unwatch(this);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (isHeld)
                Handle.DangerousRelease();
        }
    }

    /// <summary>Whether the loop has it already; otherwise watching costs a system call.</summary>
    internal bool IsWatched => _watched != 0;

    private bool TryWatch()
    {
        int error = Loop.Watch(this);
        if (error == 0)
            return true;
        WatchError = error;
        Volatile.Write(ref _watched, 0);
        return false;
    }

    /// <summary>Why the loop could not take it: EPERM for what need not be waited for (a file), otherwise a limit; 0 when it could.</summary>
    internal int WatchError { get; private set; }

    internal virtual ValueTask<WaitResult> WaitReadableAsync(long due, CancellationToken cancellationToken)
    {
        if (!EnsureWatched())
            return new(WaitResult.Closed);
        ValueTask<WaitResult> wait = Volatile.Read(ref _readable).WaitAsync(due, cancellationToken);
        ReportInput();
        return wait;
    }

    /// <summary>Whether the kernel was told not to report what can be read until somebody waits for it.</summary>
    internal bool IsMuted => Volatile.Read(ref _report) != Reported;

    /// <summary>
    /// To be called once a wait to read has begun: has the kernel report what can be read again, and at once where it is there. Not before it, or
    /// the loop, which does not see it wait yet, may have that muted for a wait that need not end with the next signal.
    /// </summary>
    internal void ReportInput()
    {
        int before = Volatile.Read(ref _report);
        if (before is not (Muted or Left) || Interlocked.CompareExchange(ref _report, Changing, before) != before)
            return;
        if (before == Muted)
            Loop.Change(this, Interest);
        else
            Return();
        Volatile.Write(ref _report, Reported);
    }

    /// <summary>Has the kernel report no more of what can be read until somebody waits for it. On the loop's thread.</summary>
    private protected void MuteInput()
    {
        if (Interlocked.CompareExchange(ref _report, Changing, Reported) != Reported)
            return;

        // Whoever asks for urgent data is woken by the kernel with every packet that comes.
        Loop.Change(this, Interest & ~(Libc.EPOLLIN | Libc.EPOLLPRI));
        Interlocked.Exchange(ref _report, Muted);
        if (_readable.IsWaiting)
            ReportInput();
    }

    /// <summary>
    /// Has the kernel report nothing at all until somebody waits: what it watches costs whoever writes to it the time to look for those who want to
    /// know, with each write. By the one who reads, and not while it waits. Does nothing where somebody waits for more than what can be read.
    /// </summary>
    internal void Leave()
    {
        if (Volatile.Read(ref _watched) == 0 || IsWantedForMore || Interlocked.CompareExchange(ref _report, Changing, Reported) != Reported)
            return;

        // Where it is not there yet, another thread is about to put it there.
        bool hasLeft = Loop.TryLeave(this);
        Interlocked.Exchange(ref _report, hasLeft ? Left : Reported);

        // Who closes waits beside the last call of who reads.
        if (hasLeft && (IsWantedForMore || Volatile.Read(ref _readable).IsWaiting))
            ReportInput();
    }

    private bool IsWantedForMore => Volatile.Read(ref _writable) is not null || Volatile.Read(ref _hungUp) is not null;

    private void EndLeave()
    {
        if (Volatile.Read(ref _report) == Left)
            ReportInput();
    }

    private void Return()
    {
        WatchError = Loop.Return(this);
        if (WatchError == 0)
            return;

        // A limit that may be gone by the next wait: this one fails, as one does that finds it before.
        Loop.Unwatch(this);
        Volatile.Write(ref _watched, 0);
        Volatile.Read(ref _readable).Fail();
    }

    internal virtual ValueTask<WaitResult> WaitWritableAsync(long due, CancellationToken cancellationToken)
    {
        if (!EnsureWatched())
            return new(WaitResult.Closed);
        ValueTask<WaitResult> wait = Writable.WaitAsync(due, cancellationToken);
        EndLeave();
        return wait;
    }

    /// <summary>Ends every wait there is, and lets the caller, who is closing, wait undisturbed by those whose waits were ended.</summary>
    internal void TakeOver()
    {
        if (_watched == 0 && !_readable.IsWaiting)
            return;

        // New ones whether somebody waits or not: a wait that is over may not have been taken yet by the one who waited.
        Readiness readable = _readable;
        Volatile.Write(ref _readable, new Readiness(Loop, inline));
        readable.Close();
        Interlocked.Exchange(ref _writable, null)?.Close();
    }

    internal virtual void OnEvents(uint mask)
    {
        if ((mask & PeerEvents) != 0)
            _peerEvent = true;
        if ((mask & ReadEvents) != 0)
            _readable.Signal();
        if ((mask & WriteEvents) != 0)
            Volatile.Read(ref _writable)?.Signal();
        if ((mask & (Libc.EPOLLHUP | Libc.EPOLLERR)) == 0)
            return;
        _hasHungUp = true;
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
        Volatile.Read(ref _writable)?.Close();
        return true;
    }
}
