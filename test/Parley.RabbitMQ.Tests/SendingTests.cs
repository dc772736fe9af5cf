using System.Text;

namespace Parley.Tests.Brokers;

[Collection(SharedBroker.Collection)]
public sealed class SendingTests
{
    [SkippableFact]
    public async Task SendAsync_Over_TheBrokerHasIt()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using (MessageChannel channel = await queue.OpenAsync())
        {
            for (int i = 0; i < 5; i++)
                await channel.SendTextAsync($"{i}");
            Assert.Equal(5, channel.Statistics.MessagesSent);
        }

        await queue.HasWaitingAsync(5);
    }

    [SkippableFact]
    public async Task SendBatchAsync_MoreThanTheWindow_ArriveInOrder()
    {
        const int Count = 3000;
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync(new RabbitMQOptions { ConfirmWindow = 100, Prefetch = Count });
        ReadOnlyMemory<byte>[] batch = [.. Enumerable.Range(0, Count).Select(i => new ReadOnlyMemory<byte>(Encoding.ASCII.GetBytes($"{i}")))];
        await channel.SendBatchAsync(batch).Within();
        for (int i = 0; i < Count; i++)
            Assert.Equal($"{i}", (await channel.ReceiveTextAsync()).Text);
    }

    [SkippableFact]
    public async Task ManySendersAndReceivers_NoMessageTwice_NoneLost()
    {
        const int Senders = 4;
        const int Each = 500;
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel sending = await queue.OpenAsync();
        await using MessageChannel receiving = await queue.OpenAsync(new RabbitMQOptions { Prefetch = 20 });
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        int left = Senders * Each;
        using var all = new CancellationTokenSource();
        Task[] receivers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            byte[] buffer = new byte[receiving.MaxMessageSize];
            while (!all.IsCancellationRequested)
            {
                try
                {
                    ReceivedMessage received = await receiving.ReceiveAsync(buffer, all.Token);
                    seen.AddOrUpdate(Encoding.ASCII.GetString(buffer, 0, received.Length), 1, (_, times) => times + 1);
                    await received.Delivery!.AcknowledgeAsync();
                    if (Interlocked.Decrement(ref left) == 0)
                        await all.CancelAsync();
                }
                catch (OperationCanceledException)
                {
                    // Every message has been received.
                }
            }
        }))];
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
                await sending.SendAsync(Encoding.ASCII.GetBytes($"{sender}-{i}"));
        }))).Within(Limits.Transfer);
        await Task.WhenAll(receivers).Within(Limits.Transfer);
        Assert.Equal(Senders * Each, seen.Count);
        Assert.All(seen, entry => Assert.Equal(1, entry.Value));
    }

    [SkippableFact]
    public async Task SendAsync_TheQueueWasRemoved_IsNotFound()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        await RabbitMQTransport.RemoveQueueAsync(queue.EndPoint).Within();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.SendTextAsync("nobody"));
        Assert.Equal((Step.Send, Reason.NotFound), (failure.Step, failure.Reason));

        await RabbitMQTransport.CreateQueueAsync(queue.EndPoint).Within();
        await channel.SendTextAsync("somebody");
        Assert.Equal("somebody", (await channel.ReceiveTextAsync()).Text);
    }

    [SkippableFact]
    public async Task TrySend_TheQueueWasRemoved_IsToldLater()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        MessageChannel channel = await queue.OpenAsync();
        await RabbitMQTransport.RemoveQueueAsync(queue.EndPoint).Within();
        Assert.True(channel.TrySend("lost"u8));
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.CompleteSendsAsync().Within());
        Assert.Equal((Reason.NotFound, 4L), (failure.Reason, failure.UndeliveredBytes));
        Assert.True(channel.TrySend("again"u8));
        failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().Within());
        Assert.Equal((Reason.NotFound, 5L), (failure.Reason, failure.UndeliveredBytes));
        await RabbitMQTransport.CreateQueueAsync(queue.EndPoint).Within();
    }

    [SkippableFact]
    public async Task SendAsync_Full_IsRefused()
    {
        // A classic queue counts exactly.
        await using TestQueue queue = await TestQueue.CreateAsync(new RabbitMQQueueOptions { Kind = RabbitMQQueueKind.Classic, Capacity = 2 });
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("1");
        await channel.SendTextAsync("2");
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.SendTextAsync("3"));
        Assert.Equal((Step.Send, Reason.Full), (failure.Step, failure.Reason));
        Assert.Equal(2, channel.Statistics.MessagesSent);
    }
}
