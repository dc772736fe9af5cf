using Parley.Transports.MessageQueues;

namespace Parley.Tests.Queues;

/// <summary>What the limits of the process say. Nothing else runs meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class LimitTests
{
    private const int MessageQueueBytes = 12;

    [Fact]
    public void Create_OverTheUsersBytes_NamesTheLimitAndWhatItNeeds()
    {
        long needed = new QueueSize(5, 100).BytesNeeded;

        ConnectionException failure = Native.WithLimit(MessageQueueBytes, (nuint)(needed - 1), CreateFails);

        Assert.Equal((Step.Create, Reason.Limit, "EMFILE"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Contains($"{needed - 1} bytes in all (RLIMIT_MSGQUEUE)", failure.Cause, StringComparison.Ordinal);
        Assert.Contains($"needs {needed} bytes for 5 messages of 100 bytes", failure.Cause, StringComparison.Ordinal);
        Assert.Contains("'prlimit --pid $$ --msgqueue=BYTES'", failure.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_NoDescriptorLeft_IsThatLimit()
    {
        CreateAndRemove();
        ConnectionException? failure = null;
        await Native.WithoutFreeDescriptorsAsync(() =>
        {
            failure = Record.Exception(CreateAndRemove) as ConnectionException;
            return Task.CompletedTask;
        });

        Assert.NotNull(failure);
        Assert.Equal((Reason.Limit, "EMFILE"), (failure.Reason, failure.ErrorName));
        Assert.Contains("no file descriptor left", failure.Cause, StringComparison.Ordinal);
    }

    private static void CreateAndRemove()
    {
        MessageQueueEndPoint endPoint = TestQueue.UniqueEndPoint();
        NamedObject.Create(endPoint, new NamedObjectOptions { Capacity = 5, MessageSize = 100 });
        NamedObject.Remove(endPoint);
    }

    private static ConnectionException CreateFails() => Assert.Throws<ConnectionException>(CreateAndRemove);
}
