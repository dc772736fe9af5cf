namespace Parley.Tests.Datagrams;

/// <summary>Where messages flow, nothing is allocated.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private const int Rounds = 20_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RoundTrips_AfterWarmUp_AllocateNothing(bool inline)
    {
        var options = new MessageChannelOptions { RunContinuationsInline = inline };
        await using MessageChannel bound = await Loopback.BindAsync(options: options);
        await using MessageChannel opened = await Loopback.OpenAsync(bound, options);
        Task echo = EchoAsync(bound);
        await NothingAsync(() => TalkAsync(opened));
        Assert.False(echo.IsCompleted);
        await bound.DisposeAsync();
        await Assert.ThrowsAsync<ConnectionException>(() => echo.Within());
    }

    [Fact]
    public async Task Batches_AfterWarmUp_AllocateNothing()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        ReadOnlyMemory<byte>[] messages = [.. Enumerable.Repeat(new ReadOnlyMemory<byte>(new byte[64]), 8)];
        var batch = new MessageBatch(8, 64);
        await NothingAsync(async () =>
        {
            for (int i = 0; i < Rounds / 8; i++)
            {
                await opened.SendBatchAsync(messages);
                for (int received = 0; received < messages.Length;)
                    received += await bound.ReceiveBatchAsync(batch);
            }
        });
    }

    [Fact]
    public async Task BlockingRoundTrips_AfterWarmUp_AllocateNothing()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        Task echo = OnItsOwnThread.Run(() =>
        {
            byte[] buffer = new byte[64];
            while (true)
            {
                ReceivedMessage received = bound.Receive(buffer, Timeout.InfiniteTimeSpan);
                bound.Send(buffer.AsSpan(0, received.Length), received.Header, Timeout.InfiniteTimeSpan);
            }
        });
        await NothingAsync(() => OnItsOwnThread.Run(() =>
        {
            byte[] buffer = new byte[64];
            for (int i = 0; i < Rounds; i++)
            {
                opened.Send(buffer, default, Limits.Wait);
                opened.Receive(buffer, Limits.Wait);
            }
        }));
        await bound.DisposeAsync();
        await Assert.ThrowsAsync<ConnectionException>(() => echo.Within());
    }

    private static async Task NothingAsync(Func<Task> rounds)
    {
        await rounds().Within(Limits.Transfer);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await rounds().Within(Limits.Transfer);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 16 * Rounds, $"{allocated / (double)Rounds:0.0} bytes a round");
    }

    private static async Task EchoAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[64];
        while (true)
        {
            ReceivedMessage received = await channel.ReceiveAsync(buffer);
            await channel.SendAsync(buffer.AsMemory(0, received.Length), received.Header);
        }
    }

    private static async Task TalkAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[64];
        for (int i = 0; i < Rounds; i++)
        {
            await channel.SendAsync(buffer);
            await channel.ReceiveAsync(buffer);
        }
    }
}
