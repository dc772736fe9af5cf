using System.Diagnostics;

namespace Parley.Tests.Brokers;

[Collection(SharedBroker.Collection)]
public sealed class PropertyTests
{
    [SkippableFact]
    public async Task Properties_GoWithTheMessage()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        var properties = new Dictionary<string, string> { ["tenant"] = "é", ["content-type"] = "text/plain", ["message-id"] = "mine", ["empty"] = "" };
        await channel.SendTextAsync("one", new MessageHeader { Properties = properties });
        (_, ReceivedMessage received) = await channel.ReceiveTextAsync();
        Assert.Equal(properties.OrderBy(one => one.Key, StringComparer.Ordinal), received.Header.Properties!.OrderBy(one => one.Key, StringComparer.Ordinal));
    }

    [SkippableTheory]
    [InlineData("message-id", 256)]
    [InlineData("tenant", 140_000)]
    public async Task Property_TooLong_IsRefusedAndTheNextGoes(string name, int length)
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        var properties = new Dictionary<string, string> { [name] = new string('x', length) };
        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => channel.SendTextAsync("one", new MessageHeader { Properties = properties }));
        Assert.Equal((Step.Send, Reason.TooLarge), (refused.Step, refused.Reason));
        await channel.SendTextAsync("two");
        Assert.Equal("two", (await channel.ReceiveTextAsync()).Text);
    }

    [SkippableFact]
    public async Task DeliveryCount_ThatASenderMadeUp_KeepsNoMessageBack()
    {
        await using TestQueue queue = await TestQueue.CreateAsync(new RabbitMQQueueOptions { Kind = RabbitMQQueueKind.Classic });
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("one", new MessageHeader { Properties = new Dictionary<string, string> { ["x-delivery-count"] = "many" } });
        (string text, ReceivedMessage received) = await channel.ReceiveTextAsync();
        Assert.Equal(("one", null), (text, received.Delivery!.EarlierDeliveries));
    }

    [SkippableFact]
    public async Task MessageId_IsMade_AndDifferent()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        await channel.SendTextAsync("one");
        await channel.SendTextAsync("two");
        string[] ids = [(await channel.ReceiveTextAsync()).Received.Header.Properties!["message-id"], (await channel.ReceiveTextAsync()).Received.Header.Properties!["message-id"]];
        Assert.NotEqual(ids[0], ids[1]);
    }

    [SkippableFact]
    public async Task TraceContext_OfTheSender_Arrives()
    {
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        using Activity activity = new Activity("test") { TraceStateString = "vendor=1" }.SetIdFormat(ActivityIdFormat.W3C).Start();
        await channel.SendTextAsync("one");
        activity.Stop();
        IReadOnlyDictionary<string, string> properties = (await channel.ReceiveTextAsync()).Received.Header.Properties!;
        Assert.Equal((activity.Id, "vendor=1"), (properties["traceparent"], properties["tracestate"]));
    }

    [SkippableFact]
    public async Task Priority_OfAClassicQueue_TheHighestFirst()
    {
        await using TestQueue queue = await TestQueue.CreateAsync(new RabbitMQQueueOptions { Kind = RabbitMQQueueKind.Classic, MaxPriority = 9 });
        var options = new RabbitMQOptions { MaxPriority = 9 };
        await using MessageChannel channel = await queue.OpenAsync(options);
        Assert.Equal(9, channel.MaxPriority);
        foreach (int priority in (int[])[0, 7, 3, 7, 0])
            await channel.SendTextAsync($"{priority}", new MessageHeader { Priority = priority });
        foreach (int priority in (int[])[7, 7, 3, 0, 0])
        {
            (string text, ReceivedMessage received) = await channel.ReceiveTextAsync();
            Assert.Equal(($"{priority}", priority), (text, received.Header.Priority));
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => channel.SendTextAsync("10", new MessageHeader { Priority = 10 }));
    }
}
