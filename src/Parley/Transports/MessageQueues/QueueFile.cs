using Parley.Interop.Linux;

namespace Parley.Transports.MessageQueues;

/// <summary>A queue by its name. On Linux what <c>mq_open</c> gives is a file descriptor like any other.</summary>
internal static unsafe class QueueFile
{
    /// <returns>The handle, or an invalid one and the error number.</returns>
    internal static DescriptorHandle Open(MessageQueueEndPoint endPoint, int flags, out int error)
    {
        while (true)
        {
            DescriptorHandle queue;
            fixed (byte* name = FileStatus.PathBytes(endPoint.Name))
                queue = Libc.MqOpen(name, flags | Libc.O_CLOEXEC, mode: 0, attributes: null);
            error = queue.IsInvalid ? Errno.Last : 0;
            if (error != Errno.EINTR)
                return queue;
        }
    }

    /// <summary>The error number of a call with the queue's name, in words.</summary>
    internal static ConnectionException Failure(Step step, int error, MessageQueueEndPoint endPoint) => error == Errno.ENOENT
        ? new ConnectionException(step, Reason.NotFound, endPoint, "there is no queue of that name", error)
        : ConnectionException.FromErrno(step, error, endPoint);

    /// <summary>Opens it for whatever it allows, to look at it only.</summary>
    /// <returns>The handle, or an invalid one and the error number.</returns>
    internal static DescriptorHandle OpenToLook(MessageQueueEndPoint endPoint, out int error)
    {
        DescriptorHandle queue = Open(endPoint, Libc.O_RDONLY | Libc.O_NONBLOCK, out error);
        return error == Errno.EACCES ? Open(endPoint, Libc.O_WRONLY | Libc.O_NONBLOCK, out error) : queue;
    }

    /// <summary>Makes a queue that was not there.</summary>
    internal static DescriptorHandle Create(MessageQueueEndPoint endPoint, QueueSize size, UnixFileMode mode)
    {
        var attributes = new QueueAttributes { MaxMessages = size.Capacity, MessageSize = size.MessageSize };
        DescriptorHandle queue;
        fixed (byte* name = FileStatus.PathBytes(endPoint.Name))
            queue = Libc.MqOpen(name, Libc.O_CREAT | Libc.O_EXCL | Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC, (uint)mode, &attributes);
        return queue.IsInvalid ? throw QueueLimits.Explain(Errno.Last, endPoint, size) : queue;
    }

    /// <summary>The same queue once more, whatever its name leads to by now, with flags of its own.</summary>
    /// <returns>The handle, or an invalid one where it may not be opened so (any more).</returns>
    internal static DescriptorHandle Reopen(DescriptorHandle queue, int flags)
    {
        fixed (byte* self = FileStatus.PathBytes($"/proc/self/fd/{queue.Number}"))
            return Libc.Open(self, flags | Libc.O_CLOEXEC, 0);
    }

    /// <returns>0 or the error number.</returns>
    internal static int Attributes(DescriptorHandle queue, out QueueAttributes attributes)
    {
        QueueAttributes result;
        int error = Libc.MqGetAttr(queue, &result) == 0 ? 0 : Errno.Last;
        attributes = result;
        return error;
    }

    /// <returns>0 or the error number.</returns>
    internal static int Unlink(MessageQueueEndPoint endPoint)
    {
        fixed (byte* name = FileStatus.PathBytes(endPoint.Name))
            return Libc.MqUnlink(name) == 0 ? 0 : Errno.Last;
    }
}
