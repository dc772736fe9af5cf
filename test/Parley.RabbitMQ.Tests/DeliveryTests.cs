namespace Parley.Tests.Brokers;

[Collection(SharedBroker.Collection)]
public sealed class DeliveryTests
{
    [SkippableFact]
    public async Task ReceiveAsync_NotAcknowledged_ComesAgainAndIsMarked()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using (MessageChannel first = await queue.OpenAsync())
        {
            await first.SendTextAsync("one");
            (string text, ReceivedMessage received) = await first.ReceiveTextAsync();
            Assert.Equal("one", text);
            Assert.False(received.Delivery!.IsRedelivered);
        }

        await using (MessageChannel second = await queue.OpenAsync())
        {
            (string text, ReceivedMessage received) = await second.ReceiveTextAsync();
            Assert.Equal("one", text);
            Assert.True(received.Delivery!.IsRedelivered);
            Assert.Equal(1, received.Delivery.EarlierDeliveries);
            await received.Delivery.AcknowledgeAsync().Within();
            await received.Delivery.AcknowledgeAsync().Within();
        }

        await queue.HasWaitingAsync(0);
    }

    [SkippableFact]
    public async Task RequeueAsync_ComesAgain()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("one");
        for (int i = 0; i < 3; i++)
        {
            (_, ReceivedMessage received) = await channel.ReceiveTextAsync();
            Assert.Equal(i, received.Delivery!.EarlierDeliveries ?? 0);
            await received.Delivery.RequeueAsync().Within();
        }
    }

    [SkippableFact]
    public async Task RejectAsync_GoesToTheDeadLetterQueue()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("one");
        await (await channel.ReceiveTextAsync()).Received.Delivery!.RejectAsync().Within();
        await EmptyDeadAsync(queue, "one");
    }

    [SkippableFact]
    public async Task RequeueAsync_TooOften_GoesToTheDeadLetterQueue()
    {
        await using TestQueue queue = await TestQueue.CreateAsync(new RabbitMQQueueOptions { DeliveryLimit = 2 });
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("poison");
        for (int i = 0; i < 3; i++)
            await (await channel.ReceiveTextAsync()).Received.Delivery!.RequeueAsync().Within();
        await EmptyDeadAsync(queue, "poison");
    }

    [SkippableFact]
    public async Task Prefetch_NotAcknowledged_NoMoreComeThanThat()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync(new RabbitMQOptions { Prefetch = 2 });
        for (int i = 0; i < 3; i++)
            await channel.SendTextAsync($"{i}");
        (_, ReceivedMessage first) = await channel.ReceiveTextAsync();
        await channel.ReceiveTextAsync();
        Task third = channel.WaitToReceiveAsync().AsTask();
        await queue.HasWaitingAsync(1);
        Assert.False(third.IsCompleted);
        await first.Delivery!.AcknowledgeAsync().Within();
        await third.Within();
        Assert.Equal("2", (await channel.ReceiveTextAsync()).Text);
    }

    [SkippableFact]
    public async Task AcknowledgeAsync_TheChannelIsGone_SaysSo()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        ReceivedMessage received;
        await using (MessageChannel channel = await queue.OpenAsync())
        {
            await channel.SendTextAsync("one");
            (_, received) = await channel.ReceiveTextAsync();
        }

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => received.Delivery!.AcknowledgeAsync().Within());
        Assert.Equal((Step.Receive, Reason.Reset), (failure.Step, failure.Reason));
    }

    [SkippableFact]
    public async Task ReceiveAsync_TheQueueIsRemoved_IsNotFound()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("one");
        await channel.ReceiveTextAsync();
        Task waiting = channel.WaitToReceiveAsync().AsTask();
        await RabbitMQTransport.RemoveQueueAsync(queue.EndPoint).Within();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => waiting.Within());
        Assert.Equal((Step.Receive, Reason.NotFound), (failure.Step, failure.Reason));

        await RabbitMQTransport.CreateQueueAsync(queue.EndPoint).Within();
        await channel.SendTextAsync("two");
        Assert.Equal("two", (await channel.ReceiveTextAsync()).Text);
    }

    private static async Task EmptyDeadAsync(TestQueue queue, string expected)
    {
        await using MessageChannel dead = await RabbitMQTransport.OpenAsync(queue.Dead, new RabbitMQOptions()).Within();
        (string text, ReceivedMessage received) = await dead.ReceiveTextAsync();
        Assert.Equal(expected, text);
        await received.Delivery!.AcknowledgeAsync().Within();
    }
}
