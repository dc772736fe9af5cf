using Parley.Interop.Linux;

namespace Parley.Transports.MessageQueues;

/// <summary>Lists queues. The system has no call for it: only their file system, where it is mounted, shows their names.</summary>
internal static class QueueList
{
    internal static NamedObjectList OfThisUser()
    {
        if (QueueMount.Find() is not { } mount)
            return Unlisted("message queues cannot be listed, for no mqueue file system is mounted here: as root, mkdir -p /dev/mqueue && mount -t mqueue mqueue /dev/mqueue");
        try
        {
            uint user = Libc.GetEUid();
            var found = new List<NamedObjectStatus>();
            int unnamed = 0;
            foreach (string path in Directory.GetFiles(mount).Order(StringComparer.Ordinal))
            {
                if (path.Contains('\uFFFD', StringComparison.Ordinal))
                {
                    unnamed++;
                    continue;
                }

                // One that is gone meanwhile is none.
                if (QueueStatus.Of(new MessageQueueEndPoint($"/{Path.GetFileName(path)}"), mount, out _) is { } status && status.UserId == user)
                    found.Add(status);
            }

            return new NamedObjectList
            {
                Objects = found,
                Unlisted = unnamed == 0 ? [] : [$"{unnamed} message queues cannot be listed, for their names are no UTF-8"],
            };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Unlisted($"message queues cannot be listed, for {mount} cannot be read: {failure.Message}");
        }
    }

    private static NamedObjectList Unlisted(string why) => new() { Objects = [], Unlisted = [why] };
}
