namespace Parley.Tests;

/// <summary>Two channels on one queue: what the first sends, the second receives.</summary>
internal sealed class MessagePair : IAsyncDisposable
{
    private readonly TestQueue _queue;

    private MessagePair(TestQueue queue, MessageChannel first, MessageChannel second)
    {
        _queue = queue;
        First = first;
        Second = second;
    }

    public MessageChannel First { get; }

    public MessageChannel Second { get; }

    public static async Task<MessagePair> OpenAsync(MessageKind kind)
    {
        Assert.Equal(MessageKind.Broker, kind);
        TestQueue queue = await TestQueue.CreateAsync();
        var options = new MessageChannelOptions { MaxMessageSize = 8192 };
        return new MessagePair(queue, await queue.OpenAsync(null, options), await queue.OpenAsync(null, options));
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(First.DisposeAsync().AsTask(), Second.DisposeAsync().AsTask()).Within();
        await _queue.DisposeAsync();
    }
}
