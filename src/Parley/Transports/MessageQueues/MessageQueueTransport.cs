using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <summary>Opens POSIX message queues that exist.</summary>
internal static class MessageQueueTransport
{
    internal static MessageChannel Open(MessageQueueEndPoint endPoint, MessageChannelOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException($"{ParleyEndPoint.Format(endPoint)} needs Linux.");

        // Only what is needed, so that permissions to receive alone, or to send alone, are enough.
        int access = options.Direction switch
        {
            ConnectionDirection.ReceiveOnly => Libc.O_RDONLY,
            ConnectionDirection.SendOnly => Libc.O_WRONLY,
            _ => Libc.O_RDWR,
        };
        long started = options.CallObserver is null ? 0 : Stopwatch.GetTimestamp();
        DescriptorHandle queue = QueueFile.Open(endPoint, access | Libc.O_NONBLOCK, out int error);
        options.CallObserver?.Report("mq_open", queue.Number, started, error == 0 ? queue.Number : -error, endPoint, access, tcp: null);
        QueueAttributes attributes = default;
        if (error == 0)
            error = QueueFile.Attributes(queue, out attributes);
        if (error == 0)
        {
            CheckOwner(queue, options, endPoint);
            return new MessageQueueChannel(endPoint, new OneShotDescriptor(queue, EventLoop.Shared, options.RunContinuationsInline), attributes, access, options);
        }

        queue.Dispose();
        throw QueueFile.Failure(Step.Open, error, endPoint);
    }

    private static void CheckOwner(DescriptorHandle queue, MessageChannelOptions options, MessageQueueEndPoint endPoint)
    {
        try
        {
            OwnerCheck.Run(queue, options, endPoint);
        }
        catch
        {
            queue.Dispose();
            throw;
        }
    }
}
