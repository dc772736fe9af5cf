namespace Parley.Tests.Messaging;

/// <summary>Batches make no garbage where nobody has to wait, on channels too that have no calls of their own for them.</summary>
[Collection(nameof(Alone))]
public sealed class BatchAllocationTests
{
    private const int Messages = 8;

    [Theory]
    [InlineData(MessageKind.Memory, true)]
    [InlineData(MessageKind.Memory, false)]
    [InlineData(MessageKind.LineOverMemory, true)]
    [InlineData(MessageKind.Len32OverUnix, true)]
    [InlineData(MessageKind.Len32OverUnix, false)]
    public async Task SendAndReceiveBatch_WithoutAWait_AllocateNothing(MessageKind kind, bool isLimited)
    {
        await using MessagePair pair = await MessagePair.OpenAsync(kind);
        TimeSpan timeout = isLimited ? Limits.Wait : Timeout.InfiniteTimeSpan;

        long allocated = await OnItsOwnThread.Run(() =>
        {
            var sent = new MessageBatch(Messages, 64);
            for (int i = 0; i < Messages; i++)
                sent.Add(i);
            Run(pair, sent, new MessageBatch(Messages, 64), timeout);

            // A new one, for what is kept once for each is no less.
            var received = new MessageBatch(Messages, 64);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Run(pair, sent, received, timeout);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        Assert.Equal(0, allocated);
    }

    private static void Run(MessagePair pair, MessageBatch sent, MessageBatch received, TimeSpan timeout)
    {
        for (int round = 0; round < 1000; round++)
        {
            pair.First.SendBatch(sent, default, timeout);
            int left = Messages;
            while (left > 0)
                left -= pair.Second.ReceiveBatch(received, timeout);
        }
    }
}
