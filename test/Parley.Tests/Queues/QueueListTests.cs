namespace Parley.Tests.Queues;

/// <summary>What can be listed, and what cannot and why.</summary>
public sealed class QueueListTests
{
    [SkippableFact]
    public async Task List_Mounted_ShowsOwnQueuesOnly()
    {
        using var folder = new TestFolder();
        using var queue = new TestQueue(capacity: 2, messageSize: 30);
        using var others = new TestQueue();
        MessageQueueEndPoint foreign = TestQueue.UniqueEndPoint();
        await OtherUser.RunAsync(() => Make(foreign));
        try
        {
            NamedObjectList list = await OwnMounts.RunAsync(() =>
            {
                OwnMounts.UnmountAll("mqueue");
                OwnMounts.Mount("mqueue", folder.Path);
                return NamedObject.List();
            });

            Assert.Empty(list.Unlisted);
            Assert.Equal((2, 30), Assert.Single(list.Objects.Where(status => status.EndPoint.Equals(queue.EndPoint)).Select(status => (status.Capacity!.Value, status.MessageSize!.Value))));
            Assert.Contains(list.Objects, status => status.EndPoint.Equals(others.EndPoint));
            Assert.DoesNotContain(list.Objects, status => status.EndPoint.Equals(foreign));
        }
        finally
        {
            NamedObject.Remove(foreign);
        }
    }

    [SkippableFact]
    public async Task List_NotMounted_SaysSo()
    {
        using var queue = new TestQueue();

        NamedObjectList list = await OwnMounts.RunAsync(() =>
        {
            OwnMounts.UnmountAll("mqueue");
            return NamedObject.List();
        });

        // Names of shared memory are this user's, whoever made them.
        Assert.DoesNotContain(list.Objects, each => each.EndPoint is MessageQueueEndPoint);
        Assert.Contains(list.Unlisted, each => each.Contains("no mqueue file system is mounted", StringComparison.Ordinal));
    }

    /// <summary>A queue that its owner may not open is seen as a file.</summary>
    [SkippableFact]
    public async Task Inspect_MayNotBeOpened_OwnerAndModeAreSeenWhereMounted()
    {
        using var folder = new TestFolder();
        using var queue = new TestQueue(mode: UnixFileMode.None);
        NamedObjectStatus? status = null;
        await OwnMounts.RunAsync(() =>
        {
            OwnMounts.UnmountAll("mqueue");
            OwnMounts.Mount("mqueue", folder.Path);
            OtherUser.Become(OtherUser.Nobody);
            status = Assert.Single(NamedObject.Inspect(queue.EndPoint));
            return true;
        });
        Assert.Equal((UnixFileMode.None, Native.UserId), (status!.Mode, status.UserId));
    }

    private static bool Make(MessageQueueEndPoint endPoint)
    {
        NamedObject.Create(endPoint, new NamedObjectOptions { Capacity = 1, MessageSize = 8 });
        return true;
    }
}
