using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>
/// The file that a FIFO is. Held by a descriptor that opens nothing (O_PATH) until it is known to be one: opening a device or somebody's
/// socket by mistake would have an effect there. A symbolic link at the path's end is not followed: who may write the folder (as anybody
/// may in /tmp) would choose where bytes go.
/// </summary>
internal static unsafe class FifoFile
{
    internal static DescriptorHandle Pin(string path, FifoEndPoint endPoint, Step step = Step.Open)
    {
        DescriptorHandle file;
        fixed (byte* name = FileStatus.PathBytes(path))
            file = Libc.Open(name, Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
        if (file.IsInvalid)
            throw ConnectionException.FromErrno(step, Errno.Last, endPoint);
        int error = FileStatus.OfDescriptor(file, out StatxResult status);
        if (error == 0 && status.IsFifo)
            return file;
        file.Dispose();
        throw error != 0
            ? ConnectionException.FromErrno(step, error, endPoint)
            : new ConnectionException(step, Reason.Other, endPoint, $"{path} {WhatItIs(status)}");
    }

    /// <summary>Opens the very file that was pinned, whatever the path leads to by now.</summary>
    /// <returns>The handle, or an invalid one and the error number.</returns>
    internal static DescriptorHandle Open(DescriptorHandle pinned, int access, out int error)
    {
        while (true)
        {
            DescriptorHandle handle;
            fixed (byte* self = SelfPath(pinned))
                handle = Libc.Open(self, access | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
            error = handle.IsInvalid ? Errno.Last : 0;
            if (error != Errno.EINTR)
                return handle;
        }
    }

    /// <summary>The path by which the kernel finds again what a descriptor holds.</summary>
    internal static byte[] SelfPath(DescriptorHandle file) => FileStatus.PathBytes($"/proc/self/fd/{file.Number}");

    /// <summary>Bytes that nobody has read yet; 0 once the descriptor is closed.</summary>
    internal static int Waiting(DescriptorHandle pipe)
    {
        int waiting = 0;
        try
        {
            return Libc.Ioctl(pipe, Libc.FIONREAD, &waiting) < 0 ? 0 : waiting;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>What has happened: POLLERR on an end to write when no reader is left, POLLHUP on one to read when no writer is.</summary>
    internal static short State(DescriptorHandle pipe)
    {
        bool isHeld = false;
        try
        {
            pipe.DangerousAddRef(ref isHeld);
            var poll = new PollDescriptor { Descriptor = pipe.Number, Events = Libc.POLLIN };
            return Libc.Poll(&poll, 1, 0) > 0 ? poll.Returned : (short)0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
        finally
        {
            if (isHeld)
                pipe.DangerousRelease();
        }
    }

    private static string WhatItIs(in StatxResult status)
    {
        if (status.IsSymbolicLink)
            return "is a symbolic link, which is not followed: name the FIFO itself";
        if (status.IsDirectory)
            return "is a directory, not a FIFO";
        if (status.IsSocket)
            return "is a socket, not a FIFO";
        return status.IsRegularFile ? "is a regular file, not a FIFO" : "is a device, not a FIFO";
    }
}
