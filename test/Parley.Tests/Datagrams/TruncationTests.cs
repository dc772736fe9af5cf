namespace Parley.Tests.Datagrams;

/// <summary>A datagram that does not fit is an error, never a cut message.</summary>
public sealed class TruncationTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public async Task ReceiveAsync_BufferTooSmall_SaysTheSizeAndCounts(int room)
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await opened.SendAsync(new byte[100]).Within();
        await Loopback.SendAsync(opened, "next");
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => bound.ReceiveAsync(new byte[room]).Within());
        Assert.Equal((Step.Receive, Reason.TooLarge), (failure.Step, failure.Reason));
        Assert.Equal(opened.LocalEndPoint, failure.EndPoint);
        Assert.Contains($"100 bytes does not fit into a buffer of {room}", failure.Message, StringComparison.Ordinal);
        Assert.Equal("next", (await Loopback.ReceiveAsync(bound)).Text);
        Assert.Equal((1, 1, 4), (bound.Statistics.Truncated, bound.Statistics.MessagesReceived, bound.Statistics.BytesReceived));
    }

    [Fact]
    public async Task ReceiveAsync_NoBytesIntoNoRoom_IsAMessage()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await opened.SendAsync(ReadOnlyMemory<byte>.Empty).Within();
        Assert.Equal(0, (await bound.ReceiveAsync(Memory<byte>.Empty).Within()).Length);
        Assert.Equal((1, 0), (bound.Statistics.MessagesReceived, bound.Statistics.Truncated));
    }

    /// <summary>Taken with the same call, the others are received at once, and what was lost is told by the next call.</summary>
    [Fact]
    public async Task ReceiveBatchAsync_OneDoesNotFit_TheOthersComeAndTheNextCallTells()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await opened.SendBatchAsync(new ReadOnlyMemory<byte>[] { new byte[] { 1 }, new byte[100], new byte[] { 2 }, new byte[101], new byte[] { 3 } }).Within();
        var batch = new MessageBatch(16, 10);
        Assert.Equal(3, await bound.ReceiveBatchAsync(batch).Within());
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(i => batch[i].Body.Span[0]));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(opened.LocalEndPoint, batch[i].Header.Peer));
        await bound.WaitToReceiveAsync().Within();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => bound.ReceiveBatchAsync(batch).Within());
        Assert.Equal(Reason.TooLarge, failure.Reason);
        Assert.Contains("100 bytes", failure.Message, StringComparison.Ordinal);
        Assert.Equal((2, 3), (bound.Statistics.Truncated, bound.Statistics.MessagesReceived));
        await Loopback.SendAsync(opened, "next");
        Assert.Equal("next", (await Loopback.ReceiveAsync(bound)).Text);
    }

    [Fact]
    public async Task ReceiveBatchAsync_NoneFits_Throws()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await opened.SendAsync(new byte[100]).Within();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => bound.ReceiveBatchAsync(new MessageBatch(4, 10)).Within());
        Assert.Equal(Reason.TooLarge, failure.Reason);
        Assert.False(bound.TryReceive(new byte[100], out _));
    }

    [Fact]
    public async Task Statistics_ThrownAwayByTheSystem_AreCounted()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        byte[] large = new byte[60_000];
        for (int i = 0; bound.Statistics.Dropped == 0; i++)
        {
            Assert.True(i < 100_000, "it has room without end");
            await opened.SendAsync(large).Within();
        }

        long sent = opened.Statistics.MessagesSent;
        while (bound.TryReceive(new byte[60_000], out _))
        {
            // Until the last that is there.
        }

        Assert.Equal(sent, bound.Statistics.MessagesReceived + bound.Statistics.Dropped);
        await bound.DisposeAsync();
        Assert.Equal(sent, bound.Statistics.MessagesReceived + bound.Statistics.Dropped);
    }
}
