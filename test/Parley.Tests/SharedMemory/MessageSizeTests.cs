using System.Runtime.InteropServices;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>How long a message may be the ring says, to both sides the same: what one may send, the other can take.</summary>
public sealed class MessageSizeTests : IDisposable
{
    private const int Capacity = 8 << 20;
    private const int Longest = (Capacity / 2) - 8;

    private readonly LinkPair _links = new(LinkKind.Messages, Capacity);

    public void Dispose() => _links.Dispose();

    [Fact]
    public async Task MaxMessageSize_WhateverTheOptionsSay_TakesTheLongestOfThePeer()
    {
        await using SharedMemoryChannel sender = Channel(_links.Client, maxMessageSize: Longest);
        await using SharedMemoryChannel receiver = Channel(_links.Server, maxMessageSize: 100);
        byte[] message = Payload.Random(sender.MaxMessageSize);
        Assert.Equal((Longest, Longest), (sender.MaxMessageSize, receiver.MaxMessageSize));

        await sender.SendAsync(message).Within();

        byte[] buffer = new byte[receiver.MaxMessageSize];
        Assert.Equal(message, buffer[..(await receiver.ReceiveAsync(buffer).Within()).Length]);
    }

    [Fact]
    public async Task ReceiveAllAsync_LongMessagesAmongShortOnes_ReceivesAll()
    {
        await using SharedMemoryChannel sender = Channel(_links.Client);
        await using SharedMemoryChannel receiver = Channel(_links.Server);
        int[] lengths = [1, 1_500_000, Longest, 0];
        Task send = SizedMessages.SendAllAsync(sender, lengths);

        await SizedMessages.ReceiveAllAsync(receiver, lengths);

        await send.Within();
    }

    [Fact]
    public async Task MoveAsync_LongMessagesAmongShortOnes_MovesAll()
    {
        using var onward = new LinkPair(LinkKind.Messages, Capacity);
        await using SharedMemoryChannel sender = Channel(_links.Client);
        await using SharedMemoryChannel source = Channel(_links.Server);
        await using SharedMemoryChannel target = Channel(onward.Client);
        await using SharedMemoryChannel receiver = Channel(onward.Server);
        int[] lengths = [1, 100_000, Longest, 0];
        Task send = SizedMessages.SendAllAsync(sender, lengths);
        Task<bool> move = new MessageRelay(source).MoveAsync(target).AsTask();

        byte[] buffer = new byte[receiver.MaxMessageSize];
        foreach (int length in lengths)
            Assert.Equal(SizedMessages.Of(length), buffer[..(await receiver.ReceiveAsync(buffer).Within()).Length]);

        await send.Within();
        Assert.True(await move.Within());
    }

    /// <summary>Who connects gets a ring as large as the listener likes, and need not pay for messages that never come.</summary>
    [Fact]
    public async Task ReceiveAllAsync_LargeRing_TakesMemoryOnlyForWhatComes()
    {
        using var large = new LinkPair(LinkKind.Messages, 128 << 20);
        await using SharedMemoryChannel sender = Channel(large.Client);
        await using SharedMemoryChannel receiver = Channel(large.Server);
        Assert.True(sender.TrySend(new byte[1000]));
        await using IAsyncEnumerator<Message> messages = receiver.ReceiveAllAsync().GetAsyncEnumerator();
        long before = GC.GetAllocatedBytesForCurrentThread();

        ValueTask<bool> next = messages.MoveNextAsync();

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(await next.Within());
        Assert.True(allocated < 2 << 20, $"{allocated} bytes");
    }

    [Fact]
    public async Task ReceiveAllAsync_ManyShortMessagesAfterALongOne_LetsGoOfTheLargeBuffer()
    {
        await using SharedMemoryChannel sender = Channel(_links.Client);
        await using SharedMemoryChannel receiver = Channel(_links.Server);
        int[] lengths = [Longest, .. Enumerable.Repeat(100, 1000)];
        Task send = SizedMessages.SendAllAsync(sender, lengths);

        var rooms = new List<int>();
        using var limit = new CancellationTokenSource(Limits.Transfer);
        await foreach (Message message in receiver.ReceiveAllAsync(limit.Token))
        {
            Assert.True(MemoryMarshal.TryGetArray(message.Body, out ArraySegment<byte> body));
            rooms.Add(body.Array!.Length);
        }

        await send.Within();
        Assert.Equal(lengths.Length, rooms.Count);
        Assert.True(rooms[0] >= Longest);

        // The large one is still there for the next messages, and then one of the first size for all others.
        Assert.Equal(rooms[0], rooms[2]);
        Assert.Equal(1 << 20, rooms[^1]);
        Assert.Equal(2, rooms.Distinct().Count());
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link, int maxMessageSize = 1 << 20)
        => new(link, null, null, new MessageChannelOptions { MaxMessageSize = maxMessageSize, CloseTimeout = TimeSpan.FromMilliseconds(200) }.Snapshot());
}
