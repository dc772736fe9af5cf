using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <content>Threads that wait in the kernel.</content>
internal abstract partial class DescriptorConnection
{
    private BlockedThreads? _blocked;

    internal sealed override bool TryBlockUntilReadable(TimeSpan timeout, ref readonly int changes, int seen)
    {
        // The idle timeout is the event loop's affair.
        if (Options.IdleTimeout != Timeout.InfiniteTimeSpan || !InterruptSignal.IsThere)
            return false;
        BlockedThreads threads = Volatile.Read(ref _blocked) ?? Interlocked.CompareExchange(ref _blocked, new BlockedThreads(), null) ?? _blocked;
        BlockedThread place = threads.Enter(InterruptSignal.CurrentThread);
        try
        {
            if (Volatile.Read(in changes) == seen && Failure is null && !IsClosing)
                Poll(timeout);
        }
        finally
        {
            place.Leave();
        }

        return true;
    }

    internal sealed override void InterruptBlocked() => Volatile.Read(ref _blocked)?.Interrupt();

    private unsafe void Poll(TimeSpan timeout)
    {
        bool isHeld = false;
        try
        {
            ReadDescriptor.Handle.DangerousAddRef(ref isHeld);
            var asked = new PollDescriptor { Descriptor = ReadDescriptor.Handle.Number, Events = Libc.POLLIN };
            int milliseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Clamp(Math.Ceiling(timeout.TotalMilliseconds), 1, int.MaxValue);
            if (Libc.Poll(&asked, 1, milliseconds) < 0 && Errno.Last != Errno.EINTR)
                throw Fail(Step.Read, Errno.Last);
        }
        catch (ObjectDisposedException)
        {
            // The next read says so.
        }
        finally
        {
            if (isHeld)
                ReadDescriptor.Handle.DangerousRelease();
        }
    }
}
