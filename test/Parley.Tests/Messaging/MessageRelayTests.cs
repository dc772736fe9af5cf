using System.Text;

namespace Parley.Tests.Messaging;

/// <summary>What a relay takes it delivers, or has in hand.</summary>
public sealed class MessageRelayTests : IAsyncDisposable
{
    private readonly MessageChannel _sender;
    private readonly MessageChannel _source;
    private readonly MessageChannel _target;
    private readonly MessageChannel _receiver;

    public MessageRelayTests()
    {
        (_sender, _source) = MessageChannel.CreatePair(capacity: 100);
        (_target, _receiver) = MessageChannel.CreatePair(capacity: 2);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (MessageChannel channel in (MessageChannel[])[_sender, _source, _target, _receiver])
            await channel.DisposeAsync();
    }

    [Fact]
    public async Task MoveAsync_SourceThatSaysNothing_TakesNoMemoryForMessages()
    {
        const int Sources = 100;
        var pairs = new List<(Connection, Connection)>();
        using var stop = new CancellationTokenSource();
        var moves = new List<Task>();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Sources; i++)
        {
            (Connection near, Connection far) = Connection.CreatePair();
            pairs.Add((near, far));
            MessageChannel source = MessageChannel.Over(near, MessageFraming.Len32, maxMessageSize: 256 * 1024 * 1024);
            moves.Add(new MessageRelay(source).MoveAsync(_target, stop: stop.Token).AsTask());
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await stop.CancelAsync();
        await Task.WhenAll(moves).Within();
        foreach ((Connection near, Connection far) in pairs)
        {
            near.Abort();
            far.Abort();
        }

        Assert.True(allocated < Sources * 64 * 1024, $"{allocated} bytes for {Sources} sources");
    }

    [Fact]
    public async Task MoveAsync_MessageLongerThanMost_ArrivesWhole()
    {
        byte[] large = Payload.Random(3_000_000);
        (Connection near, Connection far) = Connection.CreatePair();
        (Connection onward, Connection end) = Connection.CreatePair();
        await using MessageChannel sender = MessageChannel.Over(far, MessageFraming.Len32, maxMessageSize: 4_000_000);
        await using MessageChannel source = MessageChannel.Over(near, MessageFraming.Len32, maxMessageSize: 4_000_000);
        await using MessageChannel target = MessageChannel.Over(onward, MessageFraming.Len32, maxMessageSize: 4_000_000);
        await using MessageChannel receiver = MessageChannel.Over(end, MessageFraming.Len32, maxMessageSize: 4_000_000);
        Task<bool> move = new MessageRelay(source).MoveAsync(target).AsTask();
        await sender.SendAsync("small"u8.ToArray()).Within();
        Task send = sender.SendAsync(large).AsTask();
        byte[] buffer = new byte[4_000_000];
        Assert.Equal(5, (await receiver.ReceiveAsync(buffer).Within()).Length);
        Assert.Equal(large, buffer[..(await receiver.ReceiveAsync(buffer).Within()).Length]);
        await send.Within();
        await sender.CompleteSendsAsync().Within();
        Assert.True(await move.Within());
        await target.CompleteSendsAsync().Within();
        Assert.True((await receiver.ReceiveAsync(buffer).Within()).IsEnd);
    }

    [Fact]
    public async Task MoveAsync_SourceEnds_HasMovedAll()
    {
        var relay = new MessageRelay(_source);
        await SendAsync("one", "", "three");
        await _sender.CompleteSendsAsync();

        ValueTask<bool> moving = relay.MoveAsync(_target);

        Assert.Equal(["one", "", "three"], await ReceiveAsync(3));
        Assert.True(await moving.AsTask().Within());
        Assert.Equal((3, 8), (relay.MessagesMoved, relay.BytesMoved));
        Assert.False(relay.HasMessage);
    }

    [Fact]
    public async Task MoveAsync_Priorities_AreKept()
    {
        var relay = new MessageRelay(_source);
        await _sender.SendAsync("low"u8.ToArray(), new MessageHeader { Priority = 1 });
        await _sender.SendAsync("high"u8.ToArray(), new MessageHeader { Priority = 7 });

        Assert.False(await relay.MoveAsync(_target, count: 2).AsTask().Within());

        var buffer = new byte[_receiver.MaxMessageSize];
        Assert.Equal(7, (await _receiver.ReceiveAsync(buffer).AsTask().Within()).Header.Priority);
        Assert.Equal(1, (await _receiver.ReceiveAsync(buffer).AsTask().Within()).Header.Priority);
    }

    [Fact]
    public async Task MoveAsync_TargetFull_TakesNothing()
    {
        var relay = new MessageRelay(_source);
        await SendAsync("1", "2", "3");
        await relay.MoveAsync(_target, count: 2).AsTask().Within();

        using var stop = new CancellationTokenSource();
        ValueTask<bool> moving = relay.MoveAsync(_target, stop: stop.Token);
        await stop.CancelAsync();

        Assert.False(await moving.AsTask().Within());
        Assert.False(relay.HasMessage);
        Assert.True(_source.TryReceive(new byte[_source.MaxMessageSize], out _));
    }

    [Fact]
    public async Task MoveAsync_MessageTooLongForTarget_StaysInHandForAnother()
    {
        var relay = new MessageRelay(_source);
        (MessageChannel small, MessageChannel far) = MessageChannel.CreatePair(maxMessageSize: 2);
        await using MessageChannel first = small;
        await using MessageChannel second = far;
        await SendAsync("long", "after");

        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => relay.MoveAsync(small).AsTask().Within());

        Assert.Equal(Reason.TooLarge, refused.Reason);
        Assert.True(relay.HasTargetFailed);
        Assert.Equal("long", Encoding.UTF8.GetString(relay.InHand.Body.Span));
        await relay.MoveAsync(_target, count: 2).AsTask().Within();
        Assert.Equal(["long", "after"], await ReceiveAsync(2));
    }

    [Fact]
    public async Task MoveAsync_TargetGone_KeepsWhatItHas()
    {
        var relay = new MessageRelay(_source);
        ValueTask<bool> moving = relay.MoveAsync(_target);
        await _receiver.DisposeAsync();
        await SendAsync("one");

        await Assert.ThrowsAsync<ConnectionException>(() => moving.AsTask().Within());

        Assert.True(relay.HasTargetFailed);
        if (relay.HasMessage)
            Assert.Equal("one", Encoding.UTF8.GetString(relay.InHand.Body.Span));
        else
            Assert.True(_source.TryReceive(new byte[_source.MaxMessageSize], out _));
    }

    [Fact]
    public async Task MoveAsync_SourceFails_IsNotTheTargetsFault()
    {
        var relay = new MessageRelay(_source);
        ValueTask<bool> moving = relay.MoveAsync(_target);
        await _source.DisposeAsync();

        await Assert.ThrowsAsync<ConnectionException>(() => moving.AsTask().Within());

        Assert.False(relay.HasTargetFailed);
    }

    [Fact]
    public async Task MoveAsync_Cancelled_Throws()
    {
        var relay = new MessageRelay(_source);
        using var cancel = new CancellationTokenSource();
        ValueTask<bool> moving = relay.MoveAsync(_target, cancellationToken: cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moving.AsTask().Within());
    }

    [Fact]
    public async Task InHand_AfterDrop_IsNone()
    {
        var relay = new MessageRelay(_source);
        (MessageChannel small, MessageChannel far) = MessageChannel.CreatePair(maxMessageSize: 2);
        await using MessageChannel first = small;
        await using MessageChannel second = far;
        await SendAsync("long");
        await Assert.ThrowsAsync<ConnectionException>(() => relay.MoveAsync(small).AsTask().Within());

        relay.Drop();

        Assert.False(relay.HasMessage);
        Assert.Throws<InvalidOperationException>(() => relay.InHand);
    }

    private async Task SendAsync(params string[] messages)
    {
        foreach (string message in messages)
            await _sender.SendAsync(Encoding.UTF8.GetBytes(message)).AsTask().Within();
    }

    private async Task<List<string>> ReceiveAsync(int count)
    {
        var buffer = new byte[_receiver.MaxMessageSize];
        var received = new List<string>();
        while (received.Count < count)
        {
            ReceivedMessage next = await _receiver.ReceiveAsync(buffer).AsTask().Within();
            received.Add(Encoding.UTF8.GetString(buffer.AsSpan(0, next.Length)));
        }

        return received;
    }
}
