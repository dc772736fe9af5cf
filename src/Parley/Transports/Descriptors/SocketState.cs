using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>What the kernel knows of a socket's conversation.</summary>
internal static unsafe class SocketState
{
    /// <summary>
    /// Bytes handed to the kernel that the peer has not acknowledged (TCP), or their memory while the peer has not read them (Unix); 0 once the
    /// socket is closed.
    /// </summary>
    internal static int QueuedBytes(DescriptorHandle socket)
    {
        int queued = 0;
        try
        {
            return Libc.Ioctl(socket, Libc.SIOCOUTQ, &queued) < 0 ? 0 : queued;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Whether nothing goes any more, neither way.</summary>
    internal static bool IsHungUp(DescriptorHandle socket)
    {
        bool isHeld = false;
        try
        {
            // Held, so that its number cannot become somebody else's before it is asked about.
            socket.DangerousAddRef(ref isHeld);
            var poll = new PollDescriptor { Descriptor = socket.Number };
            return Libc.Poll(&poll, 1, 0) > 0 && (poll.Returned & Libc.POLLHUP) != 0;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
        finally
        {
            if (isHeld)
                socket.DangerousRelease();
        }
    }

    /// <summary>Takes the error that waits for the next call; 0 for none.</summary>
    internal static int TakeError(DescriptorHandle socket)
    {
        int error = 0;
        uint length = sizeof(int);
        try
        {
            return Libc.GetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length) == 0 ? error : Errno.Last;
        }
        catch (ObjectDisposedException)
        {
            return Errno.ECONNABORTED;
        }
    }
}
