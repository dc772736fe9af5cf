namespace Parley.Tests.Messaging;

public abstract partial class MessageContract
{
    [SkippableFact]
    public async Task SendAsync_Messages_ArriveWholeAndInOrder()
    {
        await using MessagePair pair = await OpenAsync();
        for (int length = 1; length <= 5; length++)
            await pair.First.SendAsync(Bytes(length, seed: length)).Within();
        for (int length = 1; length <= 5; length++)
            Assert.Equal(Bytes(length, seed: length), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task SendAsync_NoBytes_IsAMessage()
    {
        await using MessagePair pair = await OpenAsync();
        await pair.First.SendAsync(ReadOnlyMemory<byte>.Empty).Within();
        await pair.First.SendAsync(Bytes(3)).Within();
        Assert.Empty(await ReceiveAsync(pair.Second));
        Assert.Equal(Bytes(3), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task SendAsync_LargestMessage_Arrives()
    {
        await using MessagePair pair = await OpenAsync();
        byte[] largest = Bytes(pair.First.MaxMessageSize);
        Task send = pair.First.SendAsync(largest).AsTask();
        Assert.Equal(largest, await ReceiveAsync(pair.Second));
        await send.Within();
    }

    [SkippableFact]
    public async Task SendAsync_TooLarge_ThrowsAndSendsNothing()
    {
        await using MessagePair pair = await OpenAsync();
        await ThrowsAsync(Reason.TooLarge, () => pair.First.SendAsync(Bytes(pair.First.MaxMessageSize + 1)).AsTask());
        await pair.First.SendAsync(Bytes(7)).Within();
        Assert.Equal(Bytes(7), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task ReceiveAsync_WaitsForTheMessage()
    {
        await using MessagePair pair = await OpenAsync();
        Task<byte[]> receive = ReceiveAsync(pair.Second);
        Assert.False(receive.IsCompleted);
        await pair.First.SendAsync(Bytes(9)).Within();
        Assert.Equal(Bytes(9), await receive.Within());
    }

    [SkippableFact]
    public async Task TryReceive_NothingThere_SaysSo()
    {
        await using MessagePair pair = await OpenAsync();
        Assert.False(pair.Second.TryReceive(new byte[pair.Second.MaxMessageSize], out _));
    }

    [SkippableFact]
    public async Task TrySendAndTryReceive_OneMessage_ItArrives()
    {
        await using MessagePair pair = await OpenAsync();
        Assert.True(pair.First.TrySend(Bytes(5)));
        await pair.Second.WaitToReceiveAsync().Within();
        byte[] buffer = new byte[pair.Second.MaxMessageSize];
        Assert.True(pair.Second.TryReceive(buffer, out ReceivedMessage received));
        Assert.Equal(Bytes(5), buffer[..received.Length]);
    }

    [SkippableFact]
    public async Task WaitToReceiveAsync_TakesNothing()
    {
        await using MessagePair pair = await OpenAsync();
        Task waiting = pair.Second.WaitToReceiveAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        await pair.First.SendAsync(Bytes(5)).Within();
        await waiting.Within();
        await pair.Second.WaitToReceiveAsync().Within();
        Assert.Equal(Bytes(5), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task BothDirections_AtTheSameTime_DoNotMix()
    {
        if (IsOneQueue)
            return;
        await using MessagePair pair = await OpenAsync();
        await pair.First.SendAsync(Bytes(5, seed: 1)).Within();
        await pair.Second.SendAsync(Bytes(5, seed: 2)).Within();
        Assert.Equal(Bytes(5, seed: 2), await ReceiveAsync(pair.First));
        Assert.Equal(Bytes(5, seed: 1), await ReceiveAsync(pair.Second));
    }

    [SkippableFact]
    public async Task Statistics_CountMessagesAndBytes()
    {
        await using MessagePair pair = await OpenAsync();
        await pair.First.SendAsync(Bytes(5)).Within();
        await pair.First.SendAsync(ReadOnlyMemory<byte>.Empty).Within();
        await ReceiveAsync(pair.Second);
        await ReceiveAsync(pair.Second);
        Assert.Equal((2, 5), (pair.First.Statistics.MessagesSent, pair.First.Statistics.BytesSent));
        Assert.Equal((2, 5), (pair.Second.Statistics.MessagesReceived, pair.Second.Statistics.BytesReceived));
    }

    [SkippableFact]
    public async Task ReceiveAllAsync_YieldsEachMessage()
    {
        await using MessagePair pair = await OpenAsync();
        for (int i = 1; i <= 3; i++)
            await pair.First.SendAsync(Bytes(i)).Within();
        var lengths = new List<int>();
        using var limit = new CancellationTokenSource(Limits.Wait);
        await foreach (Message message in pair.Second.ReceiveAllAsync(limit.Token))
        {
            Assert.Equal(Bytes(message.Body.Length), message.Body.ToArray());
            lengths.Add(message.Body.Length);
            if (lengths.Count == 3)
                break;
        }

        Assert.Equal([1, 2, 3], lengths);
    }

    // Several times what the smaller rings and queues hold; of datagrams no more than wait for their receiver.
    private int Batched => FeelsBackpressure ? 5_000 : 100;

    [SkippableFact]
    public async Task Batches_SentAndReceived_AreComplete()
    {
        await using MessagePair pair = await OpenAsync();
        ReadOnlyMemory<byte>[] sent = [.. Enumerable.Range(0, 40).Select(i => new ReadOnlyMemory<byte>(Bytes(i, seed: i)))];
        Task send = pair.First.SendBatchAsync(sent).AsTask();
        var batch = new MessageBatch(16, 64);
        int next = 0;
        while (next < sent.Length)
        {
            int count = await pair.Second.ReceiveBatchAsync(batch).Within();
            Assert.Equal(batch.Count, count);
            for (int i = 0; i < count; i++)
                Assert.Equal(sent[next++].ToArray(), batch[i].Body.ToArray());
        }

        await send.Within();
    }

    [SkippableFact]
    public async Task Batches_SentAndReceivedByThreads_AreCompleteAndGoOnAsTheyAre()
    {
        await using MessagePair pair = await OpenAsync();
        await using MessagePair further = await OpenAsync();
        Task relay = OnItsOwnThread.Run(() => RelayBatches(pair.Second, further.First, Batched));
        Task send = OnItsOwnThread.Run(() => SendBatches(pair.First, Batched));
        Task check = OnItsOwnThread.Run(() => CheckBatches(further.Second, Batched));

        await Task.WhenAll(send, relay, check).Within(Limits.Transfer);

        Assert.Equal(Batched, pair.First.Statistics.MessagesSent);
        Assert.Equal(Batched, further.Second.Statistics.MessagesReceived);
        Assert.Equal(further.First.Statistics.BytesSent, further.Second.Statistics.BytesReceived);
    }

    /// <summary>What needs no wait succeeds without any time to wait.</summary>
    [SkippableFact]
    public async Task Batches_WithoutTimeToWait_AreSentAndReceived()
    {
        await using MessagePair pair = await OpenAsync();
        var batch = new MessageBatch(2, 64);
        await Assert.ThrowsAsync<ConnectionException>(() => OnItsOwnThread.Run(() => pair.Second.ReceiveBatch(batch, TimeSpan.Zero)).Within());
        batch.Add(Bytes(3));

        // To a broker nothing is sent before it has said so.
        TimeSpan toSend = _kind is MessageKind.Broker ? Timeout.InfiniteTimeSpan : TimeSpan.Zero;
        await OnItsOwnThread.Run(() => pair.First.SendBatch(batch, default, toSend)).Within();
        await pair.Second.WaitToReceiveAsync().Within();
        await OnItsOwnThread.Run(() => Assert.Equal(1, pair.Second.ReceiveBatch(batch, TimeSpan.Zero))).Within();
        Assert.Equal(Bytes(3), batch.GetBody(0).ToArray());
    }

    [SkippableFact]
    public async Task ReceiveBatch_NothingComes_TimesOut()
    {
        await using MessagePair pair = await OpenAsync();
        var batch = new MessageBatch(2, 64);
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => OnItsOwnThread.Run(() => pair.Second.ReceiveBatch(batch, TimeSpan.FromMilliseconds(1))).Within());
        Assert.Equal((Step.Receive, Reason.TimedOut), (failure.Step, failure.Reason));
        await pair.First.SendAsync(Bytes(3)).Within();
        await OnItsOwnThread.Run(() => Assert.Equal(1, pair.Second.ReceiveBatch(batch, Timeout.InfiniteTimeSpan))).Within();
        Assert.Equal(Bytes(3), batch.GetBody(0).ToArray());
    }

    [SkippableFact]
    public async Task Priority_TheHighestFirst_TheOldestAmongEquals()
    {
        await using MessagePair pair = await OpenAsync();
        if (!HasPriorities)
        {
            Assert.Equal(0, pair.First.MaxPriority);
            return;
        }

        int[] priorities = [0, 7, 3, 7, 0];
        for (int i = 0; i < priorities.Length; i++)
            await pair.First.SendAsync(Bytes(i + 1), new MessageHeader { Priority = priorities[i] }).Within();
        byte[] buffer = new byte[pair.Second.MaxMessageSize];
        foreach ((int length, int priority) in ((int, int)[])[(2, 7), (4, 7), (3, 3), (1, 0), (5, 0)])
        {
            ReceivedMessage received = await pair.Second.ReceiveAsync(buffer).Within();
            Assert.Equal((length, priority), (received.Length, received.Header.Priority));
        }
    }

    [SkippableFact]
    public async Task Priority_OutOfRange_IsRefused()
    {
        await using MessagePair pair = await OpenAsync();
        foreach (int priority in (int[])[-1, pair.First.MaxPriority + 1])
        {
            var header = new MessageHeader { Priority = priority };
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pair.First.SendAsync(Bytes(1), header).Within());
            Assert.Throws<ArgumentOutOfRangeException>(() => pair.First.TrySend(Bytes(1), header));
            Assert.Throws<ArgumentOutOfRangeException>(() => pair.First.Send(Bytes(1), header, Timeout.InfiniteTimeSpan));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pair.First.SendBatchAsync(new ReadOnlyMemory<byte>[] { Bytes(1) }, header).Within());
        }

        Assert.Equal(0, pair.First.Statistics.MessagesSent);
    }

    private byte[] InBatch(int number) => Bytes(number % 62, seed: number);

    private void SendBatches(MessageChannel channel, int count)
    {
        var batch = new MessageBatch(7, 61);
        for (int next = 0; next < count;)
        {
            batch.Clear();
            while (next < count && batch.Count < batch.Capacity)
                batch.Add(InBatch(next++));
            channel.SendBatch(batch, default, Timeout.InfiniteTimeSpan);
        }
    }

    private static void RelayBatches(MessageChannel from, MessageChannel to, int count)
    {
        var batch = new MessageBatch(100, 64);
        for (int passed = 0; passed < count; passed += batch.Count)
        {
            from.ReceiveBatch(batch, Timeout.InfiniteTimeSpan);
            to.SendBatch(batch, default, Timeout.InfiniteTimeSpan);
        }
    }

    private void CheckBatches(MessageChannel channel, int count)
    {
        var batch = new MessageBatch(33, 61);
        for (int next = 0; next < count;)
        {
            channel.ReceiveBatch(batch, Timeout.InfiniteTimeSpan);
            foreach (Span<byte> body in batch)
                Assert.Equal(InBatch(next++), body.ToArray());
        }
    }
}
