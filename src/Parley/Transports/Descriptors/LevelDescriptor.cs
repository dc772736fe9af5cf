using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A descriptor that is reported as readable for as long as it is, at each turn of the loop: whoever takes one thing a turn need not ask
/// in vain whether there is another. While nobody waits for it, the kernel is told not to report it.
/// </summary>
internal sealed class LevelDescriptor(DescriptorHandle handle, EventLoop loop, bool inline) : Descriptor(handle, loop, inline)
{
    internal override uint Interest => Libc.EPOLLIN;

    /// <summary>Waits as long as the waiter says so.</summary>
    internal ValueTask<WaitResult> WaitReadableAsync(IWaiter waiter, CancellationToken cancellationToken)
    {
        if (!EnsureWatched())
            return new(WaitResult.Closed);
        if (!Readable.TryBegin(Deadline.Never, waiter, out short token, cancellationToken))
            return new(WaitResult.Ready);
        ReportInput();
        return new(Readable, token);
    }

    internal override void OnEvents(uint mask)
    {
        if (!Readable.IsWaiting)
            MuteInput();
        base.OnEvents(mask);
    }
}
