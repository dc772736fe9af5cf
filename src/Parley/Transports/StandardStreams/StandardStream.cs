using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.StandardStreams;

/// <summary>How one standard stream is used without blocking and without changing it for the programs that share it.</summary>
internal enum StandardStreamKind
{
    /// <summary>A pipe or terminal, opened again: non-blocking for this process alone.</summary>
    Reopened,

    /// <summary>A file or device that never makes anybody wait for long.</summary>
    AlwaysReady,

    /// <summary>A socket: each call says that it must not wait.</summary>
    Socket,

    /// <summary>Something that may not be opened again: asked before each call whether it is ready.</summary>
    Polled,
}

/// <summary>Opens one of the standard streams.</summary>
internal static unsafe class StandardStream
{
    private const int EBADF = 9;

    internal static (Descriptor Descriptor, StandardStreamKind Kind) Open(int number, int access, bool inline)
    {
        if (!IsInherited(number))
            throw new ConnectionException(Step.Open, Reason.NotFound, StandardStreamsEndPoint.Instance, $"standard {(access == Libc.O_RDONLY ? "input" : "output")} is closed", EBADF);
        DescriptorHandle own = Reopen(number, access);
        var kind = StandardStreamKind.Reopened;
        if (own.IsInvalid)
        {
            own.Dispose();
            own = Libc.Duplicate(number, Libc.F_DUPFD_CLOEXEC, 3);
            if (own.IsInvalid)
                throw ConnectionException.FromErrno(Step.Open, Errno.Last, StandardStreamsEndPoint.Instance);
            kind = FileStatus.OfDescriptor(own, out StatxResult opened) == 0 && opened.IsSocket ? StandardStreamKind.Socket : StandardStreamKind.Polled;
        }

        var descriptor = new StreamDescriptor(own, EventLoop.Shared, inline);
        if (!descriptor.EnsureWatched() && descriptor.WatchError == Errno.EPERM)
        {
            kind = StandardStreamKind.AlwaysReady;
            descriptor = Duplicate(number, descriptor, inline);
        }

        return (descriptor, kind);
    }

    // A file's position is shared with the other programs that use it: an opened copy would start at its beginning.
    private static StreamDescriptor Duplicate(int number, Descriptor opened, bool inline)
    {
        opened.Close();
        DescriptorHandle copy = Libc.Duplicate(number, Libc.F_DUPFD_CLOEXEC, 3);
        return copy.IsInvalid
            ? throw ConnectionException.FromErrno(Step.Open, Errno.Last, StandardStreamsEndPoint.Instance)
            : new StreamDescriptor(copy, EventLoop.Shared, inline);
    }

    // Where the number was closed, something that this process opened for itself may have it by now. That is closed on exec, which an
    // inherited one cannot have been.
    private static bool IsInherited(int number)
    {
        int flags = Libc.GetFlags(number, Libc.F_GETFD, 0);
        return flags >= 0 && (flags & Libc.FD_CLOEXEC) == 0;
    }

    private static DescriptorHandle Reopen(int number, int access)
    {
        fixed (byte* path = FileStatus.PathBytes($"/proc/self/fd/{number}"))
            return Libc.Open(path, access | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
    }
}
