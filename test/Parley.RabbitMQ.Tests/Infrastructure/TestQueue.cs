namespace Parley.Tests;

/// <summary>A queue of one test, gone when that ends.</summary>
internal sealed class TestQueue : IAsyncDisposable
{
    private TestQueue(AmqpEndPoint endPoint) => EndPoint = endPoint;

    public AmqpEndPoint EndPoint { get; }

    public AmqpEndPoint Dead => new(EndPoint.Address, EndPoint.Queue + ".dead") { UserName = EndPoint.UserName, Password = EndPoint.Password };

    public static async Task<TestQueue> CreateAsync(RabbitMQQueueOptions? options = null, Broker? broker = null)
    {
        AmqpEndPoint endPoint = (broker ?? await SharedBroker.GetAsync()).EndPoint($"test {Guid.NewGuid():N}");
        await RabbitMQTransport.CreateQueueAsync(endPoint, options).Within();
        return new TestQueue(endPoint);
    }

    public Task<MessageChannel> OpenAsync(RabbitMQOptions? options = null, MessageChannelOptions? channelOptions = null)
        => RabbitMQTransport.OpenAsync(EndPoint, options ?? new RabbitMQOptions(), channelOptions).Within();

    /// <summary>Waits until so many messages wait: the broker counts with some delay.</summary>
    public async Task HasWaitingAsync(int messages)
    {
        using var limit = new CancellationTokenSource(Limits.Wait);
        while ((await RabbitMQTransport.InspectQueueAsync(EndPoint, null, limit.Token).Within()).MessagesWaiting != messages)
            await Task.Delay(20, limit.Token);
    }

    public async ValueTask DisposeAsync() => await RabbitMQTransport.RemoveQueueAsync(EndPoint).Within();
}
