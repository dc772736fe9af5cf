using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A descriptor of which the kernel reports only what somebody waits for, once, and at once where it is so already. For what changes with
/// each call of this process's own, as a queue does: watched by edges it would wake the loop each time, for nobody.
/// </summary>
/// <remarks>
/// Whoever waits begins anew with each wait, so no wake-up is lost, whoever was faster and whatever ended a wait before. One caller at a
/// time may wait to read, and one to write.
/// </remarks>
internal sealed class OneShotDescriptor(DescriptorHandle handle, EventLoop loop, bool inline) : Descriptor(handle, loop, inline)
{
    private const uint Asked = Libc.EPOLLIN | Libc.EPOLLOUT;

    private readonly Lock _lock = new();
    private uint _awaited;

    // Nothing, until somebody waits.
    internal override uint Interest => Libc.EPOLLONESHOT;

    internal override ValueTask<WaitResult> WaitReadableAsync(long due, CancellationToken cancellationToken)
    {
        Readable.Forget();
        Await(Libc.EPOLLIN);
        return base.WaitReadableAsync(due, cancellationToken);
    }

    internal override ValueTask<WaitResult> WaitWritableAsync(long due, CancellationToken cancellationToken)
    {
        Writable.Forget();
        Await(Libc.EPOLLOUT);
        return base.WaitWritableAsync(due, cancellationToken);
    }

    // An event that was on its way when a wait began anew may turn off what that wait asked for: the signal follows, and the waiter asks again.
    internal override void OnEvents(uint mask)
    {
        lock (_lock)
        {
            _awaited &= ~mask;
            if ((_awaited & Asked) != 0)
                Loop.Change(this, _awaited | Libc.EPOLLONESHOT);
        }

        base.OnEvents(mask);
    }

    private void Await(uint events)
    {
        lock (_lock)
        {
            // Under the lock: the other direction's first wait must not change what the loop does not have yet.
            if (!EnsureWatched())
                return;
            _awaited |= events;
            Loop.Change(this, _awaited | Libc.EPOLLONESHOT);
        }
    }
}
