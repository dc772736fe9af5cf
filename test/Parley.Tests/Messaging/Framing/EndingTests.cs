namespace Parley.Tests.Messaging.Framing;

/// <summary>How a channel over a connection comes and goes.</summary>
public sealed class EndingTests
{
    private const int OneMiB = 1024 * 1024;

    [Fact]
    public async Task DisposeAsync_WhatWasSentAndNotTaken_StillArrives()
    {
        await using RawPair raw = await RawPair.ConnectAsync(ChannelKind.UnixPath);
        MessageChannel channel = MessageChannel.Over(raw.Connection, MessageFraming.Len32);
        await channel.SendAsync(new byte[OneMiB]).Within();
        Task dispose = channel.DisposeAsync().AsTask();
        Assert.Equal(OneMiB + 4, (await RawSocket.ReadToEndAsync(raw.Peer).Within()).Length);
        raw.Peer.Close();
        await dispose.Within();
    }

    [Fact]
    public async Task DisposeAsync_WhileCompleting_EndsThatWait()
    {
        await using RawPair raw = await RawPair.ConnectAsync(ChannelKind.UnixPath, options => options.CloseTimeout = TimeSpan.FromMilliseconds(100));
        MessageChannel channel = MessageChannel.Over(raw.Connection, MessageFraming.Len32);
        await channel.SendAsync(new byte[OneMiB]).Within();
        Task complete = channel.CompleteSendsAsync().AsTask();
        ConnectionException lost = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().Within());
        Assert.True(lost.UndeliveredBytes > 0, lost.ToString());
        Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => complete.Within())).Reason);
    }

    [Fact]
    public async Task LeaveOpen_TheConnectionGoesOn_WhereTheChannelEnded()
    {
        await using RawPair raw = await RawPair.ConnectAsync(ChannelKind.UnixPath);
        MessageChannel channel = MessageChannel.Over(raw.Connection, MessageFraming.Line, leaveOpen: true);
        await raw.Peer.SendAsync("message\nHello"u8.ToArray()).Within();
        Assert.Equal("message"u8.ToArray(), await RawFrames.ReceiveAsync(channel));
        Task<ReceivedMessage> receive = channel.ReceiveAsync(new byte[16]).AsTask();
        await channel.DisposeAsync().Within();
        Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => receive.Within())).Reason);
        Assert.Equal("Hello", await Talk.ReadTextAsync(raw.Connection, 5).Within());
        await Talk.SendAsync(raw.Connection, "bye").Within();
        Assert.Equal("bye"u8.ToArray(), await RawSocket.ReadExactlyAsync(raw.Peer, 3));
    }

    [Fact]
    public async Task ReceiveCancelled_ThoseWhoOnlyLookFindTheNextMessage()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Line);
        using var cancel = new CancellationTokenSource();
        Task receive = raw.Channel.ReceiveAsync(new byte[16], cancel.Token).AsTask();
        await raw.SendAsync("be"u8.ToArray());
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive.Within());
        await raw.SendAsync("gun\n"u8.ToArray());
        byte[] buffer = new byte[16];
        ReceivedMessage received = default;
        await Eventually.TrueAsync(() => raw.Channel.TryReceive(buffer, out received), "the message is seen");
        Assert.Equal("begun"u8.ToArray(), buffer[..received.Length]);
    }

    [Fact]
    public async Task ConnectionAborted_EndsEveryCall()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32);
        Task receive = raw.Channel.ReceiveAsync(new byte[16]).AsTask();
        raw.Connection.Abort();
        Assert.Equal(Step.Receive, (await Assert.ThrowsAsync<ConnectionException>(() => receive.Within())).Step);
        Assert.Equal(Step.Send, (await Assert.ThrowsAsync<ConnectionException>(() => raw.Channel.SendAsync(new byte[1]).Within())).Step);
    }

    [Fact]
    public async Task Over_WithoutAFraming_IsRefused()
    {
        (Connection first, Connection second) = Connection.CreatePair();
        Assert.Throws<ArgumentOutOfRangeException>(() => MessageChannel.Over(first, MessageFraming.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => MessageChannel.Over(first, (MessageFraming)77));
        Assert.Throws<ArgumentOutOfRangeException>(() => MessageChannel.Over(first, MessageFraming.Line, maxMessageSize: -1));
        first.Abort();
        second.Abort();
        await first.DisposeAsync().Within();
        await second.DisposeAsync().Within();
    }
}
