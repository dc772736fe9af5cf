using System.IO.Pipelines;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <content>Threads that wait in the kernel.</content>
internal abstract partial class DescriptorConnection
{
    private BlockedThreads? _blocked;

    // The idle timeout is the event loop's affair.
    private bool MayBlock => Options.IdleTimeout == Timeout.InfiniteTimeSpan && InterruptSignal.IsThere;

    private BlockedThreads Blocked => Volatile.Read(ref _blocked) ?? Interlocked.CompareExchange(ref _blocked, new BlockedThreads(isOftenInterrupted: true), null) ?? _blocked;

    internal sealed override bool TryBlockUntilReadable(TimeSpan timeout, ref readonly int changes, int seen)
    {
        if (!MayBlock)
            return false;
        BlockedThread place = Blocked.Enter(InterruptSignal.CurrentThread);
        try
        {
            if (IsAsSeen(in changes, seen))
                Poll(timeout);
        }
        finally
        {
            place.Leave();
        }

        return true;
    }

    internal sealed override bool CanReadBlocked => MayBlock && TryLetReadsBlock();

    internal sealed override bool TryReadBlocked(ref readonly int changes, int seen, out ReadResult result)
        => _reader.TryReadBlocked(in changes, seen, out result);

    /// <summary>Reads what is there or comes, once <see cref="CanReadBlocked"/> has said that it can.</summary>
    /// <returns>As <see cref="Receive"/> does; -EINTR where it was interrupted.</returns>
    internal nint ReceiveBlocked(Span<byte> buffer, ref readonly int changes, int seen)
    {
        BlockedThread place = Blocked.Enter(InterruptSignal.CurrentThread);
        try
        {
            return IsAsSeen(in changes, seen) ? ReceiveBlocked(buffer) : -Errno.EINTR;
        }
        finally
        {
            place.Leave();
        }
    }

    /// <summary>Makes reads that block possible, where the channel can.</summary>
    private protected virtual bool TryLetReadsBlock() => false;

    /// <summary>The system call alone.</summary>
    private protected virtual nint ReceiveBlocked(Span<byte> buffer) => throw new NotSupportedException();

    /// <summary>Before a call that would block where reads may, for it has no flag of its own that says not to. Ends that for good.</summary>
    internal virtual void PrepareMoves()
    {
    }

    private bool IsAsSeen(ref readonly int changes, int seen) => Volatile.Read(in changes) == seen && Failure is null && !IsClosing;

    internal sealed override void InterruptBlocked()
    {
        // The first thread that ever blocks sees what was there before this look.
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _blocked)?.Interrupt();
    }

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
