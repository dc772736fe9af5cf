using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A descriptor that is reported as readable for as long as it is, at each turn of the loop: whoever takes one thing a turn need not ask
/// in vain whether there is another. While nobody waits for it, the kernel is told not to report it.
/// </summary>
internal sealed class LevelDescriptor(DescriptorHandle handle, EventLoop loop, bool inline) : Descriptor(handle, loop, inline)
{
    private int _muted;

    internal override uint Interest => Libc.EPOLLIN;

    /// <summary>Whether the kernel was told not to report it until somebody waits.</summary>
    internal bool IsMuted => Volatile.Read(ref _muted) != 0;

    internal override ValueTask<WaitResult> WaitReadableAsync(long due, CancellationToken cancellationToken)
    {
        Unmute();
        return base.WaitReadableAsync(due, cancellationToken);
    }

    /// <summary>Waits as long as the waiter says so.</summary>
    internal ValueTask<WaitResult> WaitReadableAsync(IWaiter waiter, CancellationToken cancellationToken)
    {
        if (!EnsureWatched())
            return new(WaitResult.Closed);
        if (!Readable.TryBegin(Deadline.Never, waiter, out short token, cancellationToken))
            return new(WaitResult.Ready);

        // After it began, for it need not end with the signal: either it is seen to wait below, or the flag is seen here.
        Unmute();
        return new(Readable, token);
    }

    private void Unmute()
    {
        if (Volatile.Read(ref _muted) != 0 && Interlocked.Exchange(ref _muted, 0) != 0)
            Loop.Change(this, Interest);
    }

    // The signal comes last: a wait that began before the flag was set is woken, looks for itself, and finds the flag with the next wait.
    internal override void OnEvents(uint mask)
    {
        if (!Readable.IsWaiting)
        {
            Loop.Change(this, interest: 0);
            Interlocked.Exchange(ref _muted, 1);
            if (Readable.IsWaiting)
                Unmute();
        }

        base.OnEvents(mask);
    }
}
