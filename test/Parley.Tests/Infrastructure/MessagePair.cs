using System.Net;

namespace Parley.Tests;

/// <summary>Both ends of one conversation of messages: what one sends, the other receives.</summary>
internal sealed class MessagePair : IAsyncDisposable
{
    private readonly IDisposable? _place;

    private MessagePair(MessageChannel first, MessageChannel second, IDisposable? place = null)
    {
        First = first;
        Second = second;
        _place = place;
    }

    public MessageChannel First { get; }

    public MessageChannel Second { get; }

    public static Task<MessagePair> OpenAsync(MessageKind kind) => kind switch
    {
        MessageKind.Memory => Task.FromResult(OfMemory()),
        MessageKind.Udp4 => OfDatagramsAsync(IPAddress.Loopback),
        MessageKind.Udp6 => OfDatagramsAsync(IPAddress.IPv6Loopback),
        MessageKind.Queue => OfQueueAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    public async ValueTask DisposeAsync()
    {
        await First.DisposeAsync().AsTask().Within();
        await Second.DisposeAsync().AsTask().Within();
        _place?.Dispose();
    }

    private static MessagePair OfMemory()
    {
        (MessageChannel first, MessageChannel second) = MessageChannel.CreatePair();
        return new MessagePair(first, second);
    }

    private static async Task<MessagePair> OfDatagramsAsync(IPAddress address)
    {
        MessageChannel bound = await MessageChannel.BindAsync(new UdpEndPoint(address, 0)).Within();
        MessageChannel opened = await MessageChannel.OpenAsync(bound.LocalEndPoint!).Within();
        return new MessagePair(opened, new AnsweringChannel(bound, opened.LocalEndPoint!));
    }

    private static async Task<MessagePair> OfQueueAsync()
    {
        var queue = new TestQueue();
        return new MessagePair(await queue.OpenAsync(), await queue.OpenAsync(), queue);
    }
}
