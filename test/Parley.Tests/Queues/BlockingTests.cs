using Parley.Transports.Descriptors;

namespace Parley.Tests.Queues;

/// <summary>Calls that block a thread in the kernel, and what ends them.</summary>
public sealed class BlockingTests
{
    public static TheoryData<int> SpinMicroseconds => [0, 50];

    [Theory]
    [MemberData(nameof(SpinMicroseconds))]
    public async Task DisposeAsync_ThreadsAreBlocked_EndsThemAll(int spin)
    {
        using var queue = new TestQueue();
        using var full = new TestQueue();
        MessageChannel receiver = await queue.OpenAsync(spin: TimeSpan.FromMicroseconds(spin));
        MessageChannel sender = await full.OpenAsync(spin: TimeSpan.FromMicroseconds(spin));
        while (sender.TrySend("full"u8))
        {
        }

        Task[] receivers = [.. Enumerable.Range(0, 4).Select(i => OnItsOwnThread.Run(
            () => { receiver.Receive(new byte[i % 2 == 0 ? receiver.MaxMessageSize : 1], i < 2 ? Timeout.InfiniteTimeSpan : Limits.Transfer); }))];
        Task[] senders = [.. Enumerable.Range(0, 4).Select(i => OnItsOwnThread.Run(
            () => sender.Send("more"u8, default, i < 2 ? Timeout.InfiniteTimeSpan : Limits.Transfer)))];

        // Whether they are blocked already, or on the way, or have not begun, is up to the system: all of it must end.
        await receiver.DisposeAsync().Within();
        await sender.DisposeAsync().Within();

        foreach (Task task in receivers.Concat(senders))
        {
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => task.Within());
            Assert.Equal(Reason.Aborted, failure.Reason);
        }
    }

    [Fact]
    public async Task DisposeAsync_ThreadSleepsInTheKernel_EndsIt()
    {
        Assert.True(InterruptSignal.IsThere);
        using var queue = new TestQueue();
        MessageChannel channel = await queue.OpenAsync(spin: TimeSpan.Zero);
        int thread = 0;
        Task receive = OnItsOwnThread.Run(() =>
        {
            Volatile.Write(ref thread, Native.ThreadId);
            channel.Receive(new byte[channel.MaxMessageSize], Timeout.InfiniteTimeSpan);
        });
        await Eventually.TrueAsync(() => Volatile.Read(ref thread) != 0 && IsInQueueCall(thread), "the thread sleeps");

        await channel.DisposeAsync().Within();

        Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => receive.Within())).Reason);
    }

    [Fact]
    public async Task Receive_AnotherReceiversBufferIsTooSmall_ABlockedOneGetsTheMessage()
    {
        using var queue = new TestQueue();
        await using MessageChannel channel = await queue.OpenAsync(spin: TimeSpan.Zero);
        byte[] message = Payload.Random(100);
        for (int round = 0; round < 20; round++)
        {
            // Which of the two the kernel gives it to is up to the kernel: it must be received by the one that has room, and once.
            Task<ConnectionException?> small = OnItsOwnThread.Run(() => Record.Exception(() => { channel.Receive(new byte[99], Limits.Wait); }) as ConnectionException);
            Task<int> large = OnItsOwnThread.Run(() => channel.Receive(new byte[100], Limits.Wait).Length);
            await channel.SendAsync(message).Within();
            if (await Task.WhenAny(small, large).WaitAsync(Limits.Wait) == large)
                await channel.SendAsync(message).Within();
            Assert.Equal(Reason.TooLarge, (await small.Within())?.Reason);
            Assert.Equal(message.Length, await large.Within());
            while (channel.TryReceive(new byte[channel.MaxMessageSize], out _))
            {
            }
        }
    }

    [Fact]
    public async Task ReceiveAsync_AnotherReceiversBufferIsTooSmall_AWaitingOneGetsTheMessage()
    {
        using var queue = new TestQueue();
        await using MessageChannel channel = await queue.OpenAsync();
        for (int round = 0; round < 50; round++)
        {
            Task<ReceivedMessage> waiting = channel.ReceiveAsync(new byte[100]).AsTask();
            await channel.SendAsync(new byte[100]).Within();
            Exception? failure = Record.Exception(() => channel.TryReceive(new byte[99], out _));
            Assert.True(failure is null or ConnectionException { Reason: Reason.TooLarge }, $"{failure}");
            Assert.Equal(100, (await waiting.Within()).Length);
        }
    }

    [Theory]
    [InlineData(ConnectionDirection.Both)]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    public async Task DisposeAsync_MessageWasTooLong_IsPutBackWithItsPriority(ConnectionDirection direction)
    {
        using var queue = new TestQueue();
        await using MessageChannel other = await queue.OpenAsync();
        await other.SendAsync(new byte[100], new MessageHeader { Priority = 9 }).Within();
        MessageChannel channel = await queue.OpenAsync(direction);
        for (int i = 0; i < 2; i++)
            Assert.Equal(Reason.TooLarge, Assert.Throws<ConnectionException>(() => channel.Receive(new byte[99], Limits.Wait)).Reason);
        await channel.DisposeAsync().Within();
        ReceivedMessage received = await other.ReceiveAsync(new byte[other.MaxMessageSize]).Within();
        Assert.Equal((100, 9), (received.Length, received.Header.Priority));
    }

    [Fact]
    public async Task DisposeAsync_NoRoomToPutItBack_SaysWhatIsLost()
    {
        using var queue = new TestQueue();
        MessageChannel channel = await queue.OpenAsync();
        await channel.SendAsync(new byte[100]).Within();
        Assert.Throws<ConnectionException>(() => channel.TryReceive(new byte[99], out _));
        while (channel.TrySend("full"u8))
        {
        }

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().Within());
        Assert.Equal((Step.Close, Reason.Full, 100L), (failure.Step, failure.Reason, failure.UndeliveredBytes));
    }

    [Theory]
    [MemberData(nameof(SpinMicroseconds))]
    public async Task Send_TimeIsOver_ThrowsTimedOutAndSendsNothing(int spin)
    {
        using var queue = new TestQueue();
        await using MessageChannel channel = await queue.OpenAsync(spin: TimeSpan.FromMicroseconds(spin));
        for (int i = 0; i < TestQueue.Capacity; i++)
            channel.Send("full"u8, default, TimeSpan.Zero);
        foreach (TimeSpan timeout in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromMilliseconds(20)])
            Assert.Equal(Reason.TimedOut, Assert.Throws<ConnectionException>(() => channel.Send("more"u8, default, timeout)).Reason);
        Assert.Equal(TestQueue.Capacity, channel.Statistics.MessagesSent);
    }

    [Fact]
    public async Task Receive_ManyThreadsBlocked_EachMessageToOne()
    {
        const int Each = 300;
        using var queue = new TestQueue();
        await using MessageChannel channel = await queue.OpenAsync(spin: TimeSpan.Zero);
        int sum = 0;
        Task[] receivers = [.. Enumerable.Range(0, 6).Select(_ => OnItsOwnThread.Run(() =>
        {
            byte[] buffer = new byte[channel.MaxMessageSize];
            for (int i = 0; i < Each; i++)
            {
                channel.Receive(buffer, Timeout.InfiniteTimeSpan);
                Interlocked.Add(ref sum, BitConverter.ToInt32(buffer));
            }
        }))];
        Task[] senders = [.. Enumerable.Range(0, 3).Select(_ => OnItsOwnThread.Run(() =>
        {
            for (int i = 0; i < 2 * Each; i++)
                channel.Send(BitConverter.GetBytes(i), default, Timeout.InfiniteTimeSpan);
        }))];
        await Task.WhenAll(receivers.Concat(senders)).Within(Limits.Transfer);
        Assert.Equal(3 * (2 * Each * ((2 * Each) - 1) / 2), sum);
    }

    // Asleep; and where the kernel says in what, in a queue.
    private static bool IsInQueueCall(int thread)
    {
        string function = File.ReadAllText($"/proc/self/task/{thread}/wchan");
        string state = File.ReadAllText($"/proc/self/task/{thread}/stat");
        return state[(state.LastIndexOf(')') + 2)..].StartsWith('S') && (function is "0" or "" || function.Contains("wq_sleep", StringComparison.Ordinal));
    }
}
