using System.Net;

namespace Parley.Tests.Brokers;

[Collection(SharedBroker.Collection)]
public sealed class OpeningTests
{
    [SkippableFact]
    public async Task OpenAsync_WrongPassword_IsDeniedAndNotShown()
    {
        AmqpEndPoint right = (await SharedBroker.GetAsync()).EndPoint("orders");
        var wrong = new AmqpEndPoint(right.Address, "orders") { UserName = Broker.User, Password = "secret7" };
        await FailsAsync(wrong, Step.Connect, Reason.Denied, "secret7");
        await FailsAsync(new AmqpEndPoint(right.Address, "orders"), Step.Connect, Reason.Denied, "guest guest", new RabbitMQOptions { Password = "secret7" });
    }

    [Fact]
    public async Task OpenAsync_UserWithoutPassword_IsDeniedUnasked()
    {
        var queue = new AmqpEndPoint(new IPEndPoint(IPAddress.Loopback, Broker.FreePort()), "orders") { UserName = "me" };
        ConnectionException failure = await FailsAsync(queue, Step.Connect, Reason.Denied, "guest");
        Assert.Contains("no password for the user me", failure.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task OpenAsync_NoSuchQueue_IsNotFoundWithAHint()
    {
        ConnectionException failure = await FailsAsync((await SharedBroker.GetAsync()).EndPoint("no such queue"), Step.Connect, Reason.NotFound, Broker.Password);
        Assert.Contains("parley create 'amqp://", failure.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task OpenAsync_NoSuchVirtualHost_IsNotFound()
    {
        AmqpEndPoint there = (await SharedBroker.GetAsync()).EndPoint("orders");
        await FailsAsync(new AmqpEndPoint(there.Address, "orders") { VirtualHost = "nowhere", UserName = there.UserName, Password = there.Password }, Step.Connect, Reason.NotFound, Broker.Password);
    }

    [Fact]
    public Task OpenAsync_NoBroker_IsRefused()
        => FailsAsync(new AmqpEndPoint(new IPEndPoint(IPAddress.Loopback, Broker.FreePort()), "orders") { Password = "secret7" }, Step.Connect, Reason.Refused, "secret7");

    [Fact]
    public Task OpenAsync_NoSuchHost_IsNotFound()
        => FailsAsync(new AmqpEndPoint(new DnsEndPoint("nowhere.invalid", 1), "orders"), Step.Resolve, Reason.NotFound, "secret7");

    [SkippableFact]
    public async Task OpenAsync_PasswordFile_IsRead()
    {
        using var folder = new TestFolder();
        await using TestQueue queue = await TestQueue.CreateAsync();
        var endPoint = new AmqpEndPoint(queue.EndPoint.Address, queue.EndPoint.Queue);
        await File.WriteAllTextAsync(folder["password"], Broker.Password + "\n");
        var options = new RabbitMQOptions { UserName = Broker.User, PasswordFile = folder["password"] };
        await using MessageChannel channel = await RabbitMQTransport.OpenAsync(endPoint, options).Within();
        await FailsAsync(endPoint, Step.Connect, Reason.NotFound, Broker.Password, new RabbitMQOptions { PasswordFile = folder["none"] });
    }

    [SkippableFact]
    public async Task NamedObject_OfABroker_IsMadeInspectedAndRemoved()
    {
        RabbitMQTransport.Use();
        AmqpEndPoint endPoint = (await SharedBroker.GetAsync()).EndPoint($"test {Guid.NewGuid():N}");
        Assert.Equal(Reason.NotFound, Assert.Throws<ConnectionException>(() => NamedObject.Inspect(endPoint)).Reason);
        Assert.Equal(Reason.NotFound, Assert.Throws<ConnectionException>(() => NamedObject.Remove(endPoint)).Reason);
        Assert.Throws<ArgumentException>(() => NamedObject.Create(endPoint, new NamedObjectOptions { MessageSize = 10 }));
        Assert.Throws<ArgumentException>(() => NamedObject.Create(endPoint, new NamedObjectOptions { Mode = UnixFileMode.UserRead }));
        NamedObject.Create(endPoint, new NamedObjectOptions { Capacity = 1000 });
        ConnectionException failure = Assert.Throws<ConnectionException>(() => NamedObject.Create(endPoint));
        Assert.Equal((Step.Create, Reason.InUse), (failure.Step, failure.Reason));
        await using (MessageChannel channel = await MessageChannel.OpenAsync(endPoint).Within())
        {
            await channel.SendTextAsync("one");
            await channel.SendTextAsync("two");
            NamedObjectStatus status;
            do
                status = Assert.Single(NamedObject.Inspect(endPoint));
            while (status.MessagesWaiting != 2);
            Assert.Equal((endPoint, "queue", 2, 0L), (status.EndPoint, status.Type, status.MessagesWaiting!.Value, status.Receivers!.Value));
        }

        NamedObject.Remove(endPoint);
        Assert.Equal(Reason.NotFound, Assert.Throws<ConnectionException>(() => NamedObject.Inspect(endPoint)).Reason);
    }

    [SkippableFact]
    public async Task Remove_DeadLettersAreLeft_TheirQueueStays()
    {
        TestQueue queue = await TestQueue.CreateAsync();
        await using (MessageChannel dead = await RabbitMQTransport.OpenAsync(queue.Dead, new RabbitMQOptions()).Within())
            await dead.SendTextAsync("kept");
        await queue.DisposeAsync();
        Assert.NotNull((await RabbitMQTransport.InspectQueueAsync(queue.Dead).Within()).MessagesWaiting);
        await RabbitMQTransport.RemoveQueueAsync(queue.Dead).Within();
    }

    private static async Task<ConnectionException> FailsAsync(AmqpEndPoint endPoint, Step step, Reason reason, string secret, RabbitMQOptions? options = null)
    {
        using var log = new RecordingLog();
        var channelOptions = new MessageChannelOptions { LoggerFactory = log };
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => RabbitMQTransport.OpenAsync(endPoint, options ?? new RabbitMQOptions(), channelOptions).Within());
        Assert.True((step, reason) == (failure.Step, failure.Reason), failure.ToString());
        Assert.DoesNotContain(secret, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(log.Entries, entry => entry.Text.Contains(secret, StringComparison.Ordinal));
        return failure;
    }
}
