using System.ComponentModel;
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

    /// <summary>A socket, or something that may not be opened again: asked before each call whether it is ready.</summary>
    Polled,
}

/// <summary>Opens one of the standard streams.</summary>
internal static unsafe class StandardStream
{
    internal static (Descriptor Descriptor, StandardStreamKind Kind) Open(int number, int access, bool inline)
    {
        DescriptorHandle own = Reopen(number, access);
        var kind = StandardStreamKind.Reopened;
        if (own.IsInvalid)
        {
            own.Dispose();
            own = Libc.Duplicate(number, Libc.F_DUPFD_CLOEXEC, 3);
            if (own.IsInvalid)
                throw ConnectionException.FromErrno(Step.Open, Errno.Last, StandardStreamsEndPoint.Instance);
            kind = StandardStreamKind.Polled;
        }

        var descriptor = new Descriptor(own, EventLoop.Shared, inline);
        try
        {
            descriptor.EnsureWatched();
        }
        catch (Win32Exception notWatchable) when (notWatchable.NativeErrorCode == Errno.EPERM)
        {
            kind = StandardStreamKind.AlwaysReady;
            descriptor = Duplicate(number, descriptor, inline);
        }

        return (descriptor, kind);
    }

    // A file's position is shared with the other programs that use it: an opened copy would start at its beginning.
    private static Descriptor Duplicate(int number, Descriptor opened, bool inline)
    {
        opened.Close();
        DescriptorHandle copy = Libc.Duplicate(number, Libc.F_DUPFD_CLOEXEC, 3);
        return copy.IsInvalid
            ? throw ConnectionException.FromErrno(Step.Open, Errno.Last, StandardStreamsEndPoint.Instance)
            : new Descriptor(copy, EventLoop.Shared, inline);
    }

    private static DescriptorHandle Reopen(int number, int access)
    {
        fixed (byte* path = FileStatus.PathBytes($"/proc/self/fd/{number}"))
            return Libc.Open(path, access | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
    }
}
