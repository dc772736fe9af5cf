using Parley.Interop.Linux;

namespace Parley.Transports.MessageQueues;

/// <summary>Makes, looks at and removes a queue.</summary>
internal sealed unsafe class MessageQueueObject(MessageQueueEndPoint endPoint) : INamedObject
{
    public void Create(NamedObjectOptions options)
    {
        using DescriptorHandle queue = QueueFile.Create(endPoint, QueueSize.Of(options), options.Mode);

        // The umask has kept permissions from it.
        if (Libc.FChMod(queue, (uint)options.Mode) == 0)
            return;
        int error = Errno.Last;
        QueueFile.Unlink(endPoint);
        throw ConnectionException.FromErrno(Step.Create, error, endPoint);
    }

    public IReadOnlyList<NamedObjectStatus> Inspect(AccessRules? accessRules)
        => [QueueStatus.Of(endPoint, QueueMount.Find(), out int error) ?? throw QueueFile.Failure(Step.Open, error, endPoint)];

    public void Remove()
    {
        if (QueueFile.Unlink(endPoint) is int error and not 0)
            throw QueueFile.Failure(Step.Remove, error, endPoint);
    }
}
