using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>
/// The file that a FIFO is. Held by a descriptor that opens nothing (O_PATH) until it is known to be one: opening a device or somebody's
/// socket by mistake would have an effect there. A symbolic link at the path's end is not followed: who may write the folder (as anybody
/// may in /tmp) would choose where bytes go.
/// </summary>
internal static unsafe class FifoFile
{
    private const int DropSize = 16 * 1024;

    internal static readonly int PinFlags = Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC;

    internal static DescriptorHandle Pin(string path, FifoEndPoint endPoint, Step step = Step.Open)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Checked(Libc.Open(name, PinFlags, 0), path, endPoint, step);
    }

    /// <summary>Holds what is open, without having it open.</summary>
    internal static DescriptorHandle PinAgain(DescriptorHandle open, FifoEndPoint endPoint)
    {
        DescriptorHandle file;
        fixed (byte* self = SelfPath(open))
            file = Libc.Open(self, Libc.O_PATH | Libc.O_CLOEXEC, 0);
        return file.IsInvalid ? throw ConnectionException.FromErrno(Step.Open, Errno.Last, endPoint) : file;
    }

    /// <summary>What was pinned, if that went well and it is a FIFO. To be called right after the pinning, whose error is the last one.</summary>
    internal static DescriptorHandle Checked(DescriptorHandle file, string path, FifoEndPoint endPoint, Step step)
    {
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

    /// <summary>Whether a path leads to what is open, or was pinned.</summary>
    internal static bool IsAt(string path, DescriptorHandle file)
        => FileStatus.OfPath(path, out StatxResult there) == 0 && FileStatus.OfDescriptor(file, out StatxResult open) == 0 && there.IsSameFile(open);

    internal static bool AreSame(DescriptorHandle one, DescriptorHandle other)
        => FileStatus.OfDescriptor(one, out StatxResult first) == 0 && FileStatus.OfDescriptor(other, out StatxResult second) == 0 && first.IsSameFile(second);

    /// <summary>Looks whether it may be opened to write, without doing it: whoever waits for a writer would take this for one.</summary>
    /// <returns>0 or the error number.</returns>
    internal static int MayWrite(DescriptorHandle pinned)
    {
        fixed (byte* self = SelfPath(pinned))
            return Libc.FAccessAt(Libc.AT_FDCWD, self, Libc.W_OK, Libc.AT_EACCESS) == 0 ? 0 : Errno.Last;
    }

    /// <summary>Opens the very file that was pinned, whatever the path leads to by now.</summary>
    /// <returns>The handle, or an invalid one and the error number.</returns>
    internal static DescriptorHandle Open(DescriptorHandle pinned, int access, out int error)
    {
        bool isHeld = false;
        try
        {
            // Held, so that its number cannot become somebody else's before it is looked up.
            pinned.DangerousAddRef(ref isHeld);
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
        catch (ObjectDisposedException)
        {
            // By a listener that is gone: an end that follows it has nothing more to find out.
            error = Errno.EBADF;
            return new DescriptorHandle(-1);
        }
        finally
        {
            if (isHeld)
                pinned.DangerousRelease();
        }
    }

    /// <summary>The path by which the kernel finds again what a descriptor holds.</summary>
    internal static byte[] SelfPath(DescriptorHandle file) => FileStatus.PathBytes($"/proc/self/fd/{file.Number}");

    internal static long Drop(DescriptorHandle read) => Drop(read, out _);

    /// <summary>Reads all there is, and keeps nothing.</summary>
    /// <param name="read">An end to read.</param>
    /// <param name="isOver">Whether no writer is left either.</param>
    /// <returns>How many bytes there were.</returns>
    internal static long Drop(DescriptorHandle read, out bool isOver)
    {
        byte* nowhere = stackalloc byte[DropSize];
        long dropped = 0;
        while (true)
        {
            nint count = Libc.Read(read, nowhere, DropSize);
            isOver = count == 0;
            if (count > 0)
                dropped += count;
            else if (isOver || Errno.Last != Errno.EINTR)
                return dropped;
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
