using System.Net;

namespace Parley.Tests.Datagrams;

/// <summary>Datagrams of a batch that go through the kernel as one are messages of their own all the same.</summary>
public sealed class TogetherTests
{
    /// <summary>With one call, though it asks for fewer: what the kernel hands over is one, and fifty.</summary>
    [Fact]
    public async Task Batch_OfOneSize_ComesAsOne()
    {
        const int Count = 50;
        var receiving = new RecordingObserver();
        await using MessageChannel bound = await Loopback.BindAsync(options: new MessageChannelOptions { CallObserver = receiving });
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        var batch = new MessageBatch(Count, 100);
        Task<int> receive = bound.ReceiveBatchAsync(batch).AsTask();
        await opened.SendBatchAsync(Numbered(Enumerable.Repeat(100, Count))).Within();
        Assert.Equal(Count, await receive.Within());
        Assert.Equal(Count, receiving.Single("recvmmsg").Result);
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal((100, i), (batch[i].Body.Length, NumberOf(batch[i].Body.Span))));
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(opened.LocalEndPoint, batch[i].Header.Peer));
        Assert.Equal((Count, 100L * Count), (bound.Statistics.MessagesReceived, bound.Statistics.BytesReceived));
        Assert.Equal((Count, 100L * Count), (opened.Statistics.MessagesSent, opened.Statistics.BytesSent));
    }

    /// <summary>Sizes in every order, among them none and the largest, into room for one, a few and many.</summary>
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", 1)]
    [InlineData("127.0.0.1", "127.0.0.1", 7)]
    [InlineData("::1", "::1", 64)]
    [InlineData("::", "127.0.0.1", 1000)]
    public async Task Batches_OfManySizes_ArriveWholeAndInOrder(string local, string remote, int room)
    {
        var random = new Random(room);
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Parse(local));
        await using MessageChannel opened = await MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Parse(remote), Loopback.PortOf(bound))).Within();
        var batch = new MessageBatch(room, 20_000);
        for (int turn = 0; turn < 200; turn++)
        {
            ReadOnlyMemory<byte>[] sent = Numbered(Sizes(random));
            await opened.SendBatchAsync(sent).Within();
            for (int taken = 0; taken < sent.Length;)
            {
                int count = await bound.ReceiveBatchAsync(batch).Within();
                Assert.InRange(count, 1, room);
                for (int i = 0; i < count; i++, taken++)
                    Assert.True(batch[i].Body.Span.SequenceEqual(sent[taken].Span), $"message {taken} of turn {turn}: {batch[i].Body.Length} bytes for {sent[taken].Length}");
            }

            // And back, from a channel that is bound.
            await bound.SendBatchAsync(sent, batch[0].Header).Within();
            byte[] buffer = new byte[20_000];
            foreach (ReadOnlyMemory<byte> each in sent)
            {
                int length = (await opened.ReceiveAsync(buffer).Within()).Length;
                Assert.True(buffer.AsSpan(0, length).SequenceEqual(each.Span), $"back in turn {turn}: {length} bytes for {each.Length}");
            }
        }

        Assert.Equal((0, 0), (bound.Statistics.Truncated, bound.Statistics.Dropped));
    }

    /// <summary>Whatever takes what a batch left behind gets the next one.</summary>
    [Fact]
    public async Task WhatABatchHasNoRoomFor_IsReceivedInEveryWay()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        var batch = new MessageBatch(2, 100);
        byte[] buffer = new byte[100];
        Task<int> receive = bound.ReceiveBatchAsync(batch).AsTask();
        await opened.SendBatchAsync(Numbered(Enumerable.Repeat(100, 8))).Within();
        Assert.Equal(2, await receive.Within());
        await bound.WaitToReceiveAsync().Within();
        Assert.True(bound.TryReceive(buffer, out ReceivedMessage received));
        Assert.Equal((100, 2, opened.LocalEndPoint), (received.Length, NumberOf(buffer), received.Header.Peer));
        bound.Receive(buffer, Limits.Wait);
        Assert.Equal(3, NumberOf(buffer));
        await bound.ReceiveAsync(buffer).Within();
        Assert.Equal(4, NumberOf(buffer));
        Assert.Equal(2, await bound.ReceiveBatchAsync(batch).Within());
        Assert.Equal((5, 6), (NumberOf(batch[0].Body.Span), NumberOf(batch[1].Body.Span)));
        Assert.Equal(1, await bound.ReceiveBatchAsync(batch).Within());
        Assert.Equal(7, NumberOf(batch[0].Body.Span));
        Assert.False(bound.TryReceive(buffer, out _));

        // One by one from the kernel, too.
        await opened.SendBatchAsync(Numbered(Enumerable.Repeat(100, 3))).Within();
        for (int i = 0; i < 3; i++)
        {
            await bound.ReceiveAsync(buffer).Within();
            Assert.Equal(i, NumberOf(buffer));
        }
    }

    [Fact]
    public async Task OfThoseThatComeAsOne_EachThatDoesNotFitIsCounted()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        var batch = new MessageBatch(16, 50);
        Task<int> receive = bound.ReceiveBatchAsync(batch).AsTask();
        await opened.SendBatchAsync(Numbered([100, 100, 100, 20])).Within();
        Assert.Equal(1, await receive.Within());
        Assert.Equal(3, NumberOf(batch[0].Body.Span));
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => bound.ReceiveBatchAsync(batch).Within());
        Assert.Contains("a message of 100 bytes does not fit into a buffer of 50", failure.Message, StringComparison.Ordinal);

        await opened.SendBatchAsync(Numbered([100, 100, 20])).Within();
        for (int i = 0; i < 2; i++)
            await Assert.ThrowsAsync<ConnectionException>(() => bound.ReceiveAsync(new byte[50]).Within());
        Assert.Equal(20, (await bound.ReceiveAsync(new byte[50]).Within()).Length);
        Assert.Equal((5, 2), (bound.Statistics.Truncated, bound.Statistics.MessagesReceived));
    }

    /// <summary>Packets of an interface hold less than these messages: they go by themselves, in pieces, as they would without a batch.</summary>
    [SkippableFact]
    public async Task SendBatchAsync_LargerThanAPacket_GoesOneByOne()
    {
        var sending = new RecordingObserver();
        (MessageChannel bound, MessageChannel opened) = await OwnNetwork.RunAsync("ip link set lo mtu 1500", () =>
        {
            MessageChannel receiver = Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Loopback, 0)));
            return (receiver, Wait(MessageChannel.OpenAsync(receiver.LocalEndPoint!, new MessageChannelOptions { CallObserver = sending })));
        });
        await using (bound)
        await using (opened)
        {
            int[] sizes = [1472, 1472, 1472, 1473, 1473, 4000, 4000, 1400, 1400, 9000];
            await opened.SendBatchAsync(Numbered(sizes)).Within();
            byte[] buffer = new byte[10_000];
            for (int i = 0; i < sizes.Length; i++)
                Assert.Equal((sizes[i], i), ((await bound.ReceiveAsync(buffer).Within()).Length, NumberOf(buffer)));
            Assert.Contains(sending.Calls, call => call is { Name: "sendmmsg", ErrorNumber: not 0 });
            int refused = sending.Calls.Count(call => call.ErrorNumber != 0);
            await opened.SendBatchAsync(Numbered(sizes)).Within();
            Assert.Equal(refused, sending.Calls.Count(call => call.ErrorNumber != 0));
            Assert.Equal(2 * sizes.Length, opened.Statistics.MessagesSent);
        }
    }

    /// <summary>The kernel has no room for all of them or for none, and counts them as one: so it is documented.</summary>
    [Fact]
    public async Task Dropped_OfThoseThatComeAsOne_CountsOne()
    {
        const int Together = 50;
        const int Batches = 400;
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        Task<int> receive = bound.ReceiveBatchAsync(new MessageBatch(64, 100)).AsTask();
        await opened.SendBatchAsync(Numbered([100])).Within();
        Assert.Equal(1, await receive.Within());
        for (int i = 0; i < Batches; i++)
            await opened.SendBatchAsync(Numbered(Enumerable.Repeat(100, Together))).Within();
        int received = 0;
        while (bound.TryReceive(new byte[100], out _))
            received++;
        Assert.InRange(bound.Statistics.Dropped, 1, Batches - 1);
        Assert.Equal(Batches, (received / (double)Together) + bound.Statistics.Dropped);
    }

    /// <summary>Runs of one size, of falling sizes, of any, with empty ones in between; no more at once than a receiver has room for.</summary>
    private static IEnumerable<int> Sizes(Random random)
    {
        int left = random.Next(1, 90);
        int budget = 60_000;
        while (left > 0 && budget > 0)
        {
            int size = random.Next(6) switch { 0 => 0, 1 => random.Next(1, 4), 2 => random.Next(4, 1500), 3 => 64, 4 => random.Next(1500, 20_000), _ => 100 };
            for (int run = random.Next(1, 30); run > 0 && left > 0 && budget >= size; run--, left--, budget -= size)
                yield return size;
            budget--;
        }
    }

    private static ReadOnlyMemory<byte>[] Numbered(IEnumerable<int> sizes)
        => [.. sizes.Select((size, number) => { byte[] body = new byte[size]; body.AsSpan().Fill((byte)number); return new ReadOnlyMemory<byte>(body); })];

    private static int NumberOf(ReadOnlySpan<byte> body) => body[0];

    // On the thread that lives in the other network: nothing is looked up, so nothing waits.
    private static MessageChannel Wait(ValueTask<MessageChannel> made)
    {
        Assert.True(made.IsCompleted);
        return made.AsTask().GetAwaiter().GetResult();
    }
}
