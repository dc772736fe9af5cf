namespace Parley.Tests.Datagrams;

/// <summary>Many messages with one call.</summary>
public sealed class BatchTests
{
    [Fact]
    public async Task SendAndReceiveBatchAsync_MakeOneCallEach()
    {
        const int Count = 15;
        var receiving = new RecordingObserver();
        var sending = new RecordingObserver();
        await using MessageChannel bound = await Loopback.BindAsync(options: new MessageChannelOptions { CallObserver = receiving });
        await using MessageChannel opened = await Loopback.OpenAsync(bound, new MessageChannelOptions { CallObserver = sending });
        await opened.SendBatchAsync(Messages(Count)).Within();
        var batch = new MessageBatch(Count, 10);
        Assert.Equal(Count, await bound.ReceiveBatchAsync(batch).Within());
        Assert.Equal(Enumerable.Range(0, Count).Select(i => (byte)i), Enumerable.Range(0, Count).Select(i => batch[i].Body.Span[0]));
        Assert.Equal(Count, sending.Single("sendmmsg").Result);
        Assert.Equal(Count, receiving.Single("recvmmsg").Result);
        Assert.Equal((Count, Count), (opened.Statistics.MessagesSent, bound.Statistics.MessagesReceived));
        Assert.Equal(Count, opened.Statistics.BytesSent);
    }

    /// <summary>More, and larger, than one call takes.</summary>
    [Fact]
    public async Task SendBatchAsync_MoreThanOneCallTakes_AllArriveInOrder()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await opened.SendBatchAsync(Messages(150)).Within();
        Assert.Equal(Enumerable.Range(0, 150).Select(i => (byte)i), await FirstBytesAsync(bound, 150));
        await opened.SendBatchAsync(Messages(3, size: 40_000)).Within();
        Assert.Equal([0, 1, 2], await FirstBytesAsync(bound, 3));
    }

    [Fact]
    public async Task SendBatchAsync_NoMessages_DoesNothing()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await opened.SendBatchAsync(ReadOnlyMemory<ReadOnlyMemory<byte>>.Empty).Within();
        Assert.Equal(0, opened.Statistics.MessagesSent);
    }

    [Fact]
    public async Task SendBatchAsync_OneTooLarge_ThoseBeforeItAreSent()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        ReadOnlyMemory<byte>[] messages = [new byte[] { 7 }, new byte[] { 8 }, new byte[65_508], new byte[] { 9 }];
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => opened.SendBatchAsync(messages).Within());
        Assert.Equal((Step.Send, Reason.TooLarge), (failure.Step, failure.Reason));
        Assert.Equal([7, 8], await FirstBytesAsync(bound, 2));
        Assert.Equal(2, opened.Statistics.MessagesSent);
        Assert.False(bound.TryReceive(new byte[10], out _));
    }

    [Fact]
    public async Task SendBatchAsync_Bound_GoesToThePeer()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await bound.SendBatchAsync(Messages(10), new MessageHeader { Peer = opened.LocalEndPoint }).Within();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (byte)i), await FirstBytesAsync(opened, 10));
    }

    [Fact]
    public async Task ReceiveBatchAsync_Nothing_WaitsAndIsCancelled()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        using var cancel = new CancellationTokenSource();
        var batch = new MessageBatch(4, 10);
        Task<int> receive = bound.ReceiveBatchAsync(batch, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive.Within());
        receive = bound.ReceiveBatchAsync(batch).AsTask();
        await Loopback.SendAsync(opened, "x");
        Assert.Equal(1, await receive.Within());
    }

    [Fact]
    public async Task ReceiveBatchAsync_NobodyThere_IsRefused()
    {
        await using MessageChannel opened = await MessageChannel.OpenAsync(await Loopback.NobodyAsync()).Within();
        Task<int> receive = opened.ReceiveBatchAsync(new MessageBatch(4, 10)).AsTask();
        await opened.SendBatchAsync(Messages(1)).Within();
        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => receive.Within());
        Assert.Equal((Step.Receive, Reason.Refused), (refused.Step, refused.Reason));
    }

    private static ReadOnlyMemory<byte>[] Messages(int count, int size = 1)
        => [.. Enumerable.Range(0, count).Select(i => { byte[] body = new byte[size]; body[0] = (byte)i; return new ReadOnlyMemory<byte>(body); })];

    private static async Task<byte[]> FirstBytesAsync(MessageChannel channel, int count)
    {
        var bytes = new List<byte>();
        var batch = new MessageBatch(64, 40_000);
        while (bytes.Count < count)
        {
            int received = await channel.ReceiveBatchAsync(batch).Within();
            for (int i = 0; i < received; i++)
                bytes.Add(batch[i].Body.Span[0]);
        }

        return [.. bytes];
    }
}
