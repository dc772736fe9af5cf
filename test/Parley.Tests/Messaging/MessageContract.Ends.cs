namespace Parley.Tests.Messaging;

public abstract partial class MessageContract
{
    [SkippableFact]
    public async Task CompleteSendsAsync_TheReceiverGetsAllAndThenTheEnd()
    {
        await using MessagePair pair = await OpenAsync();
        if (!HasEnd)
            return;
        await pair.First.SendAsync(Bytes(3)).Within();
        await pair.First.SendAsync(ReadOnlyMemory<byte>.Empty).Within();
        await pair.First.CompleteSendsAsync().Within();
        Assert.Equal(Bytes(3), await ReceiveAsync(pair.Second));
        Assert.Empty(await ReceiveAsync(pair.Second));
        byte[] buffer = new byte[16];
        Assert.True((await pair.Second.ReceiveAsync(buffer).Within()).IsEnd);
        Assert.True((await pair.Second.ReceiveAsync(buffer).Within()).IsEnd);
        Assert.Equal(0, await pair.Second.ReceiveBatchAsync(new MessageBatch(2, 16)).Within());

        await pair.Second.SendAsync(Bytes(2)).Within();
        Assert.Equal(Bytes(2), await ReceiveAsync(pair.First));
    }

    [SkippableFact]
    public async Task ReceiveAsync_WaitingAtTheEnd_GetsTheEnd()
    {
        await using MessagePair pair = await OpenAsync();
        if (!HasEnd)
            return;
        Task<ReceivedMessage> receive = pair.Second.ReceiveAsync(new byte[16]).AsTask();
        await pair.First.CompleteSendsAsync().Within();
        Assert.True((await receive.Within()).IsEnd);
    }

    [SkippableFact]
    public async Task SendAsync_AfterCompleteSends_Throws()
    {
        await using MessagePair pair = await OpenAsync();
        if (!HasEnd)
            return;
        await pair.First.SendAsync(Bytes(40)).Within();
        await pair.First.CompleteSendsAsync().Within();
        foreach (int length in new[] { 1, 40, 200 })
            await ThrowsAsync(Reason.Aborted, () => pair.First.SendAsync(Bytes(length)).AsTask());
        Assert.Equal(Bytes(40), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task ReceiveAsync_BufferTooSmall_Throws()
    {
        await using MessagePair pair = await OpenAsync();
        await pair.First.SendAsync(Bytes(100)).Within();
        await ThrowsAsync(Reason.TooLarge, () => pair.Second.ReceiveAsync(new byte[99]).AsTask());
        if (KeepsWhatDoesNotFit)
            Assert.Equal(Bytes(100), await ReceiveAsync(pair.Second));
        else
            Assert.Equal(1, pair.Second.Statistics.Truncated);
    }
}
