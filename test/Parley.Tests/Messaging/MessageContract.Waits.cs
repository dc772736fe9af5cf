namespace Parley.Tests.Messaging;

public abstract partial class MessageContract
{
    [SkippableFact]
    public async Task SendAsync_NobodyReceives_WaitsAndLosesNothing()
    {
        await using MessagePair pair = await OpenAsync();
        if (!FeelsBackpressure)
            return;
        int sent = await FillAsync(pair.First);
        Task blocked = pair.First.SendAsync(Numbered(sent)).AsTask();
        Assert.False(blocked.IsCompleted);
        for (int i = 0; i <= sent; i++)
            Assert.Equal(Numbered(i), await ReceiveAsync(pair.Second));
        await blocked.Within();
    }

    [SkippableFact]
    public async Task WaitToSendAsync_Full_WaitsForRoom()
    {
        await using MessagePair pair = await OpenAsync();
        if (!FeelsBackpressure)
            return;
        await pair.First.WaitToSendAsync().Within();
        int sent = await FillAsync(pair.First);
        Task waiting = pair.First.WaitToSendAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        for (int i = 0; i < sent; i++)
            await ReceiveAsync(pair.Second);
        await waiting.Within();
    }

    [SkippableFact]
    public async Task ReceiveAsync_Cancelled_LosesNoMessage()
    {
        await using MessagePair pair = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        Task<ReceivedMessage> receive = pair.Second.ReceiveAsync(new byte[pair.Second.MaxMessageSize], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive.Within());
        await pair.First.SendAsync(Bytes(4)).Within();
        Assert.Equal(Bytes(4), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task SendAsync_CancelledWhileFull_SendsNothing()
    {
        await using MessagePair pair = await OpenAsync();
        if (!FeelsBackpressure)
            return;
        int sent = await FillAsync(pair.First);
        using var cancel = new CancellationTokenSource();
        Task blocked = pair.First.SendAsync(Numbered(sent + 1000), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blocked.Within());
        for (int i = 0; i < sent; i++)
            Assert.Equal(Numbered(i), await ReceiveAsync(pair.Second));
        await pair.First.SendAsync(Numbered(sent)).Within();
        Assert.Equal(Numbered(sent), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task Calls_CancelledBefore_DoNothing()
    {
        await using MessagePair pair = await OpenAsync();
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.First.SendAsync(Bytes(1), cancelled).Within());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Second.ReceiveAsync(new byte[pair.Second.MaxMessageSize], cancelled).Within());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.First.WaitToSendAsync(cancelled).Within());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Second.WaitToReceiveAsync(cancelled).Within());
    }

    [SkippableFact]
    public async Task DisposeAsync_EndsEveryWait()
    {
        await using MessagePair pair = await OpenAsync();
        Task receive = pair.Second.ReceiveAsync(new byte[pair.Second.MaxMessageSize]).AsTask();
        Task wait = pair.Second.WaitToReceiveAsync().AsTask();
        await pair.Second.DisposeAsync().Within();
        await ThrowsAsync(Reason.Aborted, () => receive);
        await ThrowsAsync(Reason.Aborted, () => wait);
        await ThrowsAsync(Reason.Aborted, () => pair.Second.ReceiveAsync(new byte[1]).AsTask());
        await ThrowsAsync(Reason.Aborted, () => pair.Second.SendAsync(Bytes(1)).AsTask());
        await pair.Second.DisposeAsync().Within();
    }

    [SkippableFact]
    public async Task Receive_TimeIsOver_ThrowsTimedOut()
    {
        await using MessagePair pair = await OpenAsync();
        await ThrowsAsync(Reason.TimedOut, () => Task.Run(() => pair.Second.Receive(new byte[pair.Second.MaxMessageSize], TimeSpan.FromMilliseconds(20))));
        await pair.First.SendAsync(Bytes(4)).Within();
        Assert.Equal(Bytes(4), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task SendAndReceive_Blocking_TalkBackAndForth()
    {
        if (IsOneQueue)
            return;
        await using MessagePair pair = await OpenAsync();
        const int Rounds = 200;
        Task echo = OnItsOwnThread.Run(() =>
        {
            byte[] buffer = new byte[pair.Second.MaxMessageSize];
            for (int i = 0; i < Rounds; i++)
            {
                ReceivedMessage received = pair.Second.Receive(buffer, Limits.Wait);
                pair.Second.Send(buffer.AsSpan(0, received.Length), default, Limits.Wait);
            }
        });
        Task talk = OnItsOwnThread.Run(() =>
        {
            byte[] buffer = new byte[pair.First.MaxMessageSize];
            for (int i = 0; i < Rounds; i++)
            {
                pair.First.Send(Numbered(i), default, Limits.Wait);
                ReceivedMessage received = pair.First.Receive(buffer, Limits.Wait);
                Assert.Equal(Numbered(i), buffer[..received.Length]);
            }
        });
        await Task.WhenAll(echo, talk).Within(Limits.Transfer);
    }

    /// <summary>Sends numbered messages until there is no room.</summary>
    private async Task<int> FillAsync(MessageChannel channel)
    {
        int sent = 0;
        while (channel.TrySend(Numbered(sent)))
        {
            sent++;
            Assert.True(sent < 1_000_000, "it is never full");
            if (sent % 1000 == 0)
                await Task.Yield();
        }

        return sent;
    }

    /// <summary>A message that says its number, in letters that every framing can carry.</summary>
    private static byte[] Numbered(int number) => System.Text.Encoding.ASCII.GetBytes($"message {number}");
}
