using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>A conversation of messages in shared memory that goes on for ever makes no garbage, whichever way it waits.</summary>
[Collection(nameof(Alone))]
public sealed class ChannelAllocationTests : IDisposable
{
    private const int RoundTrips = 10_000;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 50)]
    public async Task RoundTrips_AfterWarmUp_AllocateNothing(bool isBlocking, int spin)
    {
        using var links = new LinkPair(LinkKind.Messages);
        MessageChannelOptions options = new MessageChannelOptions { SpinTime = TimeSpan.FromMicroseconds(spin) }.Snapshot();
        var first = new SharedMemoryChannel(links.Client, null, null, options);
        var second = new SharedMemoryChannel(links.Server, null, null, options);
        long allocated = 0;
        for (int run = 0; run < 2; run++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            if (isBlocking)
                await Task.WhenAll(OnItsOwnThread.Run(() => Talk(first, isFirst: true)), OnItsOwnThread.Run(() => Talk(second, isFirst: false))).Within(Limits.Transfer);
            else
                await Task.WhenAll(TalkAsync(first, isFirst: true), TalkAsync(second, isFirst: false)).Within(Limits.Transfer);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        await Task.WhenAll(first.DisposeAsync().AsTask(), second.DisposeAsync().AsTask()).Within();
        Assert.True(allocated < 16 * RoundTrips, $"{allocated / (double)RoundTrips:0.0} bytes a round trip");
    }

    [Fact]
    public async Task Batches_AfterWarmUp_AllocateNothing()
    {
        using var links = new LinkPair(LinkKind.Messages);
        MessageChannelOptions options = new MessageChannelOptions().Snapshot();
        var first = new SharedMemoryChannel(links.Client, null, null, options);
        var second = new SharedMemoryChannel(links.Server, null, null, options);
        var sent = new MessageBatch(64, 64);
        var received = new MessageBatch(64, 64);
        for (int i = 0; i < sent.Capacity; i++)
            sent.Add(i);
        long allocated = 0;
        for (int run = 0; run < 2; run++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await Task.WhenAll(OnItsOwnThread.Run(() => SendAll(first, sent)), OnItsOwnThread.Run(() => ReceiveAll(second, received, sent.Count * RoundTrips))).Within(Limits.Transfer);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        await Task.WhenAll(first.DisposeAsync().AsTask(), second.DisposeAsync().AsTask()).Within();
        Assert.True(allocated < 16 * RoundTrips, $"{allocated / (double)RoundTrips:0.0} bytes a batch");
    }

    /// <summary>Each side is about to sleep when the other publishes, again and again: a publisher that does not see it would leave both asleep.</summary>
    [Fact]
    public async Task RoundTrips_SleepingAtOnce_NoneIsMissed()
    {
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(new SharedMemoryEndPoint(_folder["s"]), SleepsAtOnce());
        MessageChannel first = await MessageChannel.OpenAsync(listener.LocalEndPoint, SleepsAtOnce());
        MessageChannel second = (await listener.AcceptAsync().AsTask().Within())!;

        await Task.WhenAll(OnItsOwnThread.Run(() => Talk(first, isFirst: true, 10 * RoundTrips)), OnItsOwnThread.Run(() => Talk(second, isFirst: false, 10 * RoundTrips))).Within(Limits.Transfer);

        Assert.Equal(10 * RoundTrips, first.Statistics.MessagesReceived);
        await Task.WhenAll(first.DisposeAsync().AsTask(), second.DisposeAsync().AsTask()).Within();

        static MessageChannelOptions SleepsAtOnce() => new() { SpinTime = TimeSpan.Zero };
    }

    private static void SendAll(MessageChannel channel, MessageBatch batch)
    {
        for (int i = 0; i < RoundTrips; i++)
            channel.SendBatch(batch, default, Timeout.InfiniteTimeSpan);
    }

    private static void ReceiveAll(MessageChannel channel, MessageBatch batch, int messages)
    {
        while (messages > 0)
            messages -= channel.ReceiveBatch(batch, Timeout.InfiniteTimeSpan);
    }

    private static void Talk(MessageChannel channel, bool isFirst, int roundTrips = RoundTrips)
    {
        byte[] buffer = new byte[64];
        for (int i = 0; i < roundTrips; i++)
        {
            if (isFirst)
                channel.Send(buffer.AsSpan(0, 32), default, Timeout.InfiniteTimeSpan);
            channel.Receive(buffer, Timeout.InfiniteTimeSpan);
            if (!isFirst)
                channel.Send(buffer.AsSpan(0, 32), default, Timeout.InfiniteTimeSpan);
        }
    }

    private static async Task TalkAsync(MessageChannel channel, bool isFirst)
    {
        byte[] buffer = new byte[64];
        for (int i = 0; i < RoundTrips; i++)
        {
            if (isFirst)
                await channel.SendAsync(buffer.AsMemory(0, 32));
            await channel.ReceiveAsync(buffer);
            if (!isFirst)
                await channel.SendAsync(buffer.AsMemory(0, 32));
        }
    }
}
