using Parley.Transports.MessageQueues;

namespace Parley.Tests.Queues;

/// <summary>Making, looking at and removing queues, and the limits that stand in the way.</summary>
public sealed class QueueObjectTests
{
    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData((UnixFileMode)0x1B6)]
    public void Create_WithOptions_HasExactlyThat(UnixFileMode mode)
    {
        using var queue = new TestQueue(capacity: 3, messageSize: 40, mode);

        NamedObjectStatus status = Assert.Single(NamedObject.Inspect(queue.EndPoint));

        Assert.Equal((queue.EndPoint, "queue", mode, Native.UserId), (status.EndPoint, status.Type, status.Mode, status.UserId));
        Assert.Equal((0, 0L, 3, 40), (status.MessagesWaiting!.Value, status.BytesWaiting!.Value, status.Capacity!.Value, status.MessageSize!.Value));
    }

    [Fact]
    public void Create_WithoutSizes_HasTheSystems()
    {
        MessageQueueEndPoint endPoint = TestQueue.UniqueEndPoint();
        NamedObject.Create(endPoint);
        try
        {
            NamedObjectStatus status = Assert.Single(NamedObject.Inspect(endPoint));
            Assert.Equal(Math.Min(QueueLimits.Setting("msg_default")!.Value, QueueLimits.Setting("msg_max")!.Value), status.Capacity);
            Assert.Equal(Math.Min(QueueLimits.Setting("msgsize_default")!.Value, QueueLimits.Setting("msgsize_max")!.Value), status.MessageSize);
        }
        finally
        {
            NamedObject.Remove(endPoint);
        }
    }

    [Fact]
    public async Task Inspect_Messages_AreCountedAndStay()
    {
        using var queue = new TestQueue();
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendAsync(new byte[7]).Within();
        await channel.SendAsync(new byte[5]).Within();
        for (int i = 0; i < 2; i++)
        {
            NamedObjectStatus status = Assert.Single(NamedObject.Inspect(queue.EndPoint));
            Assert.Equal((2, 12L), (status.MessagesWaiting!.Value, status.BytesWaiting!.Value));
        }
    }

    [Fact]
    public void Create_IsThere_IsInUse()
    {
        using var queue = new TestQueue(capacity: 3);
        ConnectionException failure = Assert.Throws<ConnectionException>(() => NamedObject.Create(queue.EndPoint));
        Assert.Equal((Step.Create, Reason.InUse), (failure.Step, failure.Reason));
        Assert.Equal(3, Assert.Single(NamedObject.Inspect(queue.EndPoint)).Capacity);
    }

    [Fact]
    public async Task NotThere_IsNotFound()
    {
        MessageQueueEndPoint endPoint = TestQueue.UniqueEndPoint();
        Assert.Equal((Step.Remove, Reason.NotFound), StepAndReason(Assert.Throws<ConnectionException>(() => NamedObject.Remove(endPoint))));
        Assert.Equal((Step.Open, Reason.NotFound), StepAndReason(Assert.Throws<ConnectionException>(() => NamedObject.Inspect(endPoint))));
        ConnectionException open = await Assert.ThrowsAsync<ConnectionException>(() => MessageChannel.OpenAsync(endPoint).Within());
        Assert.Equal((Step.Open, Reason.NotFound), StepAndReason(open));
    }

    [Fact]
    public async Task Remove_WhoHasItOpen_GoesOn()
    {
        var queue = new TestQueue();
        await using MessageChannel channel = await queue.OpenAsync();
        queue.Dispose();
        channel.Send("on"u8, default, Limits.Wait);
        Assert.Equal(2, channel.Receive(new byte[channel.MaxMessageSize], Limits.Wait).Length);
    }

    [Fact]
    public void Create_Options_AreChecked()
    {
        MessageQueueEndPoint endPoint = TestQueue.UniqueEndPoint();
        Assert.Throws<ArgumentOutOfRangeException>(() => NamedObject.Create(endPoint, new NamedObjectOptions { Capacity = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => NamedObject.Create(endPoint, new NamedObjectOptions { MessageSize = 0 }));
        Assert.Throws<ArgumentException>(() => NamedObject.Create(new FifoEndPoint("/tmp/none"), new NamedObjectOptions { Capacity = 1 }));
    }

    [Theory]
    [InlineData(65537, 8)]
    [InlineData(8, (16 * 1024 * 1024) + 1)]
    public void Create_OverWhatTheKernelEverAllows_IsALimit(int capacity, int messageSize)
    {
        ConnectionException failure = CreateFails(capacity, messageSize);
        Assert.Equal((Step.Create, Reason.Limit, "EINVAL"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Contains("more than the kernel ever allows", failure.Cause, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("msg_max", true)]
    [InlineData("msgsize_max", false)]
    public async Task Create_OverTheUsersMost_NamesTheLimit(string setting, bool isCapacity)
    {
        int most = QueueLimits.Setting(setting)!.Value;
        ConnectionException failure = await OtherUser.RunAsync(() => isCapacity ? CreateFails(most + 1, 8) : CreateFails(1, most + 1));
        Assert.Equal((Reason.Limit, "EINVAL"), (failure.Reason, failure.ErrorName));
        Assert.Contains($"{setting} allows, {most}: ", failure.Cause, StringComparison.Ordinal);
        Assert.Contains($"sysctl fs.mqueue.{setting}={most + 1}", failure.Cause, StringComparison.Ordinal);
    }

    /// <summary>What a queue needs is the kernel's own sum: with so many bytes a user who has no other queue can make it, with one less not.</summary>
    [SkippableTheory]
    [InlineData(3, 100)]
    [InlineData(1, 1)]
    [InlineData(10, 8192)]
    public async Task BytesNeeded_AreWhatTheKernelCounts(int capacity, int messageSize)
    {
        const uint StrangerId = 61_234;
        // Users of their own: what one has open still counts.
        uint user = StrangerId + (uint)(Environment.ProcessId % 1000 * 10) + (uint)capacity;
        long needed = new QueueSize(capacity, messageSize).BytesNeeded;
        string name = TestQueue.UniqueEndPoint().Name;
        Assert.Equal("made\n", await CProgram.RunAsUserAsync(user, "mq", "limit", name, $"{capacity}", $"{messageSize}", $"{needed}"));
        Assert.Equal("24\n", await CProgram.RunAsUserAsync(user, "mq", "limit", name, $"{capacity}", $"{messageSize}", $"{needed - 1}"));
    }

    [SkippableFact]
    public async Task Open_AnotherUsersQueue_IsDenied()
    {
        using var queue = new TestQueue();
        ConnectionException failure = await OtherUser.RunAsync(
            () => Assert.Throws<ConnectionException>(() => { MessageChannel.OpenAsync(queue.EndPoint).AsTask().GetAwaiter().GetResult(); }));
        Assert.Equal((Step.Open, Reason.Denied, "EACCES"), (failure.Step, failure.Reason, failure.ErrorName));
        failure = await OtherUser.RunAsync(() => Assert.Throws<ConnectionException>(() => NamedObject.Remove(queue.EndPoint)));
        Assert.Equal((Step.Remove, Reason.Denied), StepAndReason(failure));
    }

    [SkippableFact]
    public async Task Open_QueueThatOneMayOnlySendTo_SendOnlyIsEnough()
    {
        using var queue = new TestQueue(mode: UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        await OtherUser.RunAsync(() =>
        {
            Assert.Equal(Reason.Denied, Assert.Throws<ConnectionException>(() => { queue.OpenAsync().GetAwaiter().GetResult(); }).Reason);
            MessageChannel channel = queue.OpenAsync(ConnectionDirection.SendOnly).GetAwaiter().GetResult();
            channel.Send("in"u8, default, Limits.Wait);
            Assert.Equal(Step.Receive, Assert.Throws<ConnectionException>(() => channel.TryReceive(new byte[channel.MaxMessageSize], out _)).Step);
            NamedObjectStatus status = Assert.Single(NamedObject.Inspect(queue.EndPoint));
            Assert.Equal((1, null), (status.MessagesWaiting, status.BytesWaiting));
            channel.DisposeAsync().AsTask().GetAwaiter().GetResult();
            return true;
        });
        await using MessageChannel receiver = await queue.OpenAsync(ConnectionDirection.ReceiveOnly);
        Assert.Equal(2, receiver.Receive(new byte[receiver.MaxMessageSize], Limits.Wait).Length);
        Assert.Equal(Step.Send, Assert.Throws<ConnectionException>(() => receiver.TrySend("out"u8)).Step);
    }

    private static ConnectionException CreateFails(int capacity, int messageSize)
        => Assert.Throws<ConnectionException>(
            () => NamedObject.Create(TestQueue.UniqueEndPoint(), new NamedObjectOptions { Capacity = capacity, MessageSize = messageSize }));

    private static (Step Step, Reason Reason) StepAndReason(ConnectionException failure) => (failure.Step, failure.Reason);
}
