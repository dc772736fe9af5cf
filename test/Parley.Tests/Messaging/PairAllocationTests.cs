namespace Parley.Tests.Messaging;

/// <summary>A pair within this process makes no garbage a message, whether its receiver waits for each or finds it there.</summary>
[Collection(nameof(Alone))]
public sealed class PairAllocationTests
{
    private const int Messages = 10_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReceiveAll_AfterWarmUp_AllocatesNothing(bool isAnswered)
    {
        long allocated = 0;
        for (int run = 0; run < 2; run++)
        {
            (MessageChannel first, MessageChannel second) = MessageChannel.CreatePair();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await Task.WhenAll(SendAsync(first, isAnswered), ReceiveAsync(second, isAnswered)).Within(Limits.Transfer);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            await first.DisposeAsync();
            await second.DisposeAsync();
        }

        Assert.True(allocated < 16 * Messages, $"{allocated / (double)Messages:0.0} bytes a message");
    }

    private static async Task SendAsync(MessageChannel channel, bool isAnswered)
    {
        byte[] buffer = new byte[channel.MaxMessageSize];
        for (int i = 0; i < Messages; i++)
        {
            await channel.SendAsync(buffer.AsMemory(0, i % 256));
            if (isAnswered)
                await channel.ReceiveAsync(buffer);
        }

        await channel.CompleteSendsAsync();
    }

    private static async Task ReceiveAsync(MessageChannel channel, bool isAnswered)
    {
        int next = 0;
        bool isAsSent = true;
        await foreach (Message message in channel.ReceiveAllAsync())
        {
            isAsSent &= message.Body.Length == next++ % 256;
            if (isAnswered)
                await channel.SendAsync(message.Body);
        }

        Assert.True(isAsSent);
        Assert.Equal(Messages, next);
    }
}
