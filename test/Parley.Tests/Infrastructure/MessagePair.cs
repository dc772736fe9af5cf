using System.Net;
using Parley.Transports.SharedMemory;

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

    /// <param name="kind">What carries them.</param>
    /// <param name="inline">Whether what waits for the first end goes on on the loop's thread, where the channel has such an option.</param>
    public static Task<MessagePair> OpenAsync(MessageKind kind, bool inline = false) => kind switch
    {
        MessageKind.Memory => Task.FromResult(OfMemory()),
        MessageKind.Udp4 => OfDatagramsAsync(IPAddress.Loopback, inline),
        MessageKind.Udp6 => OfDatagramsAsync(IPAddress.IPv6Loopback, inline),
        MessageKind.LineOverMemory => FramedAsync(ChannelKind.Memory, MessageFraming.Line),
        MessageKind.NulOverMemory => FramedAsync(ChannelKind.Memory, MessageFraming.Nul),
        MessageKind.Len32OverMemory => FramedAsync(ChannelKind.Memory, MessageFraming.Len32),
        MessageKind.Len32OverUnix => FramedAsync(ChannelKind.UnixPath, MessageFraming.Len32),
        MessageKind.Len32OverTcp => FramedAsync(ChannelKind.Tcp4, MessageFraming.Len32),
        MessageKind.Queue => OfQueueAsync(inline),
        MessageKind.SharedMemory => OfSharedMemoryAsync(inline),
        MessageKind.SharedMemoryFenced => Task.FromResult(OfFencedSharedMemory()),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    public async ValueTask DisposeAsync()
    {
        // At the same time: an end that is closed gracefully waits for the other.
        await Task.WhenAll(First.DisposeAsync().AsTask(), Second.DisposeAsync().AsTask()).Within();
        _place?.Dispose();
    }

    private static MessagePair OfMemory()
    {
        (MessageChannel first, MessageChannel second) = MessageChannel.CreatePair();
        return new MessagePair(first, second);
    }

    private static async Task<MessagePair> OfDatagramsAsync(IPAddress address, bool inline)
    {
        MessageChannel bound = await MessageChannel.BindAsync(new UdpEndPoint(address, 0)).Within();
        MessageChannel opened = await MessageChannel.OpenAsync(bound.LocalEndPoint!, new MessageChannelOptions { RunContinuationsInline = inline }).Within();
        return new MessagePair(opened, new AnsweringChannel(bound, opened.LocalEndPoint!));
    }

    private static async Task<MessagePair> FramedAsync(ChannelKind stream, MessageFraming framing)
    {
        const int MaxMessageSize = 8192;

        // The end of a pair that a test leaves open is not waited for long.
        var connecting = new MessageChannelOptions { Framing = framing, MaxMessageSize = MaxMessageSize, CloseTimeout = TimeSpan.FromSeconds(1) };
        var listening = new ListenerOptions { CloseTimeout = TimeSpan.FromSeconds(1) };
        var place = new Place(stream);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint, listening).Within();
        MessageChannel first = await MessageChannel.OpenAsync(listener.LocalEndPoint, connecting).Within();
        Connection? second = await listener.AcceptAsync().Within();
        Assert.NotNull(second);
        return new MessagePair(first, MessageChannel.Over(second, framing, MaxMessageSize), place);
    }

    private static async Task<MessagePair> OfSharedMemoryAsync(bool inline)
    {
        // The end of a pair that a test leaves open is not waited for long.
        var options = new MessageChannelOptions { RingSize = SharedLayout.SmallestCapacity, CloseTimeout = TimeSpan.FromSeconds(1) };
        var folder = new TestFolder();
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(new SharedMemoryEndPoint(folder["shm.sock"]), options).Within();
        options.RunContinuationsInline = inline;
        MessageChannel first = await MessageChannel.OpenAsync(listener.LocalEndPoint, options).Within();
        MessageChannel? second = await listener.AcceptAsync().Within();
        Assert.NotNull(second);
        return new MessagePair(first, second, folder);
    }

    // As with a peer, or a kernel, that has no membarrier.
    private static MessagePair OfFencedSharedMemory()
    {
        var link = new SharedMemory.LinkPair(LinkKind.Messages, SharedLayout.SmallestCapacity, membarrier: false);
        MessageChannelOptions options = new MessageChannelOptions { CloseTimeout = TimeSpan.FromSeconds(1) }.Snapshot();
        return new MessagePair(
            new SharedMemoryChannel(link.Client, null, null, options), new SharedMemoryChannel(link.Server, null, null, options), link);
    }

    private static async Task<MessagePair> OfQueueAsync(bool inline)
    {
        var queue = new TestQueue();
        return new MessagePair(await queue.OpenAsync(inline: inline), await queue.OpenAsync(), queue);
    }
}
