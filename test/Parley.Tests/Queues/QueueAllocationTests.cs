namespace Parley.Tests.Queues;

/// <summary>A conversation over queues that goes on for ever makes no garbage, whichever way it waits.</summary>
[Collection(nameof(Alone))]
public sealed class QueueAllocationTests
{
    private const int RoundTrips = 10_000;

    [Theory]
    [InlineData(false, 0, 512)]
    [InlineData(false, 0, 64)]
    [InlineData(true, 0, 512)]
    [InlineData(true, 50, 64)]
    public async Task RoundTrips_AfterWarmUp_AllocateNothing(bool isBlocking, int spin, int bufferSize)
    {
        using var there = new TestQueue();
        using var back = new TestQueue();
        await using MessageChannel first = await there.OpenAsync(spin: TimeSpan.FromMicroseconds(spin));
        await using MessageChannel second = await back.OpenAsync(spin: TimeSpan.FromMicroseconds(spin));
        long allocated = 0;
        for (int run = 0; run < 2; run++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            if (isBlocking)
                await Task.WhenAll(OnItsOwnThread.Run(() => Echo(first, second, bufferSize)), OnItsOwnThread.Run(() => Ping(first, second, bufferSize))).Within(Limits.Transfer);
            else
                await Task.WhenAll(EchoAsync(first, second, bufferSize), PingAsync(first, second, bufferSize)).Within(Limits.Transfer);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        Assert.True(allocated < 16 * RoundTrips, $"{allocated / (double)RoundTrips:0.0} bytes a round trip");
    }

    private static void Echo(MessageChannel from, MessageChannel to, int size)
    {
        byte[] buffer = new byte[size];
        for (int i = 0; i < RoundTrips; i++)
            to.Send(buffer.AsSpan(0, from.Receive(buffer, Timeout.InfiniteTimeSpan).Length), default, Timeout.InfiniteTimeSpan);
    }

    private static void Ping(MessageChannel to, MessageChannel from, int size)
    {
        byte[] buffer = new byte[size];
        for (int i = 0; i < RoundTrips; i++)
        {
            to.Send(buffer.AsSpan(0, 32), default, Timeout.InfiniteTimeSpan);
            from.Receive(buffer, Timeout.InfiniteTimeSpan);
        }
    }

    private static async Task EchoAsync(MessageChannel from, MessageChannel to, int size)
    {
        byte[] buffer = new byte[size];
        for (int i = 0; i < RoundTrips; i++)
            await to.SendAsync(buffer.AsMemory(0, (await from.ReceiveAsync(buffer)).Length));
    }

    private static async Task PingAsync(MessageChannel to, MessageChannel from, int size)
    {
        byte[] buffer = new byte[size];
        for (int i = 0; i < RoundTrips; i++)
        {
            await to.SendAsync(buffer.AsMemory(0, 32));
            await from.ReceiveAsync(buffer);
        }
    }
}
