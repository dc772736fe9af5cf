using System.Text;

namespace Parley.Tests.Messaging.Framing;

/// <summary>What is sent, and what may happen to it on its way.</summary>
public sealed class SendingTests
{
    private const int OneMiB = 1024 * 1024;

    [Theory]
    [InlineData(MessageFraming.Line, (byte)'\n')]
    [InlineData(MessageFraming.Nul, (byte)0)]
    public async Task MessageWithTheDelimiter_IsRefused_NothingIsSent(MessageFraming framing, byte delimiter)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(framing);
        byte[] bad = [1, delimiter, 2];
        Assert.Equal(Reason.Corrupt, (await Assert.ThrowsAsync<ConnectionException>(() => raw.Channel.SendAsync(bad).Within())).Reason);
        Assert.Equal(Reason.Corrupt, Assert.Throws<ConnectionException>(() => raw.Channel.TrySend(bad)).Reason);
        ReadOnlyMemory<byte>[] batch = [new byte[] { 3 }, bad, new byte[] { 4 }];
        await Assert.ThrowsAsync<ConnectionException>(() => raw.Channel.SendBatchAsync(batch).Within());
        await raw.Channel.SendAsync(new byte[] { 5 }).Within();
        Assert.Equal([3, delimiter, 5, delimiter], await RawSocket.ReadExactlyAsync(raw.Peer, 4));
        Assert.Equal(2, raw.Channel.Statistics.MessagesSent);
    }

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Len32)]
    public async Task SmallMessage_TakesOneSystemCall(MessageFraming framing)
    {
        const int Messages = 20;
        var observer = new RecordingObserver();
        await using RawFrames raw = await RawFrames.OpenAsync(framing, configure: options => options.CallObserver = observer);
        for (int i = 0; i < Messages; i++)
            await raw.Channel.SendAsync(Encoding.ASCII.GetBytes("small")).Within();
        Assert.Equal(Messages, observer.Names.Count(static name => name == "write"));

        ReadOnlyMemory<byte>[] batch = [.. Enumerable.Repeat(new ReadOnlyMemory<byte>([65]), Messages)];
        await raw.Channel.SendBatchAsync(batch).Within();
        Assert.Equal(Messages + 1, observer.Names.Count(static name => name == "write"));

        byte[] echoed = await RawSocket.ReadExactlyAsync(raw.Peer, (5 + RawFrames.Frame(framing).Length) * Messages);
        await raw.SendAsync(echoed);
        for (int i = 0; i < Messages; i++)
            Assert.Equal("small"u8.ToArray(), await raw.ReceiveAsync());
        Assert.Single(observer.Names, "read");
    }

    [Fact]
    public async Task ManySenders_NeverInterleave()
    {
        const int Senders = 8;
        const int Each = 300;
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        Task send = Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => OnItsOwnThread.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                byte[] message = [.. Enumerable.Repeat((byte)sender, 1 + (i * 37 % 8000))];
                if (i % 3 == 0)
                    pair.First.Send(message, default, Limits.Wait);
                else if (i % 3 == 1)
                    pair.First.SendAsync(message).AsTask().Wait(Limits.Wait);
                else
                    pair.First.SendBatchAsync(new ReadOnlyMemory<byte>[] { message }).AsTask().Wait(Limits.Wait);
            }
        })));
        int[] next = new int[Senders];
        byte[] buffer = new byte[pair.Second.MaxMessageSize];
        for (int i = 0; i < Senders * Each; i++)
        {
            ReceivedMessage received = await pair.Second.ReceiveAsync(buffer).Within();
            int sender = buffer[0];
            Assert.Equal(received.Length, buffer.AsSpan(0, received.Length).Count((byte)sender));
            Assert.Equal(1 + (next[sender]++ * 37 % 8000), received.Length);
        }

        await send.Within();
    }

    [Fact]
    public async Task CancelledSends_NeverTearAFrame_AndSendNothing()
    {
        const int Sends = 400;
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        var sent = new List<int>();
        Task receive = ReceiveAsync();
        var random = new Random(1);
        for (int i = 0; i < Sends; i++)
        {
            byte[] message = new byte[8000];
            BitConverter.TryWriteBytes(message, i);
            using var cancel = new CancellationTokenSource();
            Task send = pair.First.SendAsync(message, cancel.Token).AsTask();
            if (random.Next(2) == 0)
                await Task.Yield();
            await cancel.CancelAsync();
            try
            {
                await send.Within();
                sent.Add(i);
            }
            catch (OperationCanceledException)
            {
                // It is not in the list, and must not be received.
            }
        }

        await pair.First.CompleteSendsAsync().Within();
        await receive.Within();

        async Task ReceiveAsync()
        {
            var received = new List<int>();
            byte[] buffer = new byte[pair.Second.MaxMessageSize];
            while (true)
            {
                ReceivedMessage one = await pair.Second.ReceiveAsync(buffer).Within();
                if (one.IsEnd)
                    break;
                Assert.Equal(8000, one.Length);
                received.Add(BitConverter.ToInt32(buffer));
                await Task.Yield();
            }

            Assert.Equal(sent, received);
        }
    }

    [Fact]
    public async Task MessageLargerThanTheSystemTakes_IsSentOnceItIsHandedOver()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32, OneMiB);
        byte[] large = Payload.Random(OneMiB);
        await raw.Channel.SendAsync(large).Within();
        Assert.False(raw.Channel.TrySend([1]));
        Task wait = raw.Channel.WaitToSendAsync().AsTask();
        Assert.False(wait.IsCompleted);
        Assert.Equal(large, (await RawSocket.ReadExactlyAsync(raw.Peer, OneMiB + 4))[4..]);
        await wait.Within();
        Assert.True(raw.Channel.TrySend([1]));
    }

    [Fact]
    public async Task SomebodyInterruptsAFlush_TheFrameGoesOn()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32, OneMiB);
        byte[] large = Payload.Random(OneMiB);
        raw.Connection.Output.CancelPendingFlush();
        await raw.Channel.SendAsync(large).Within();
        raw.Connection.Output.CancelPendingFlush();
        Assert.Equal(large, (await RawSocket.ReadExactlyAsync(raw.Peer, OneMiB + 4))[4..]);
        await raw.Channel.WaitToSendAsync().Within();
    }

    [Fact]
    public async Task PeerGone_IsToldByALaterSend_AndByEachAfterIt()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32, OneMiB);
        await raw.Channel.SendAsync(new byte[OneMiB]).Within();
        raw.Peer.Close();
        for (int i = 0; i < 2; i++)
        {
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(async () =>
            {
                await raw.Channel.WaitToSendAsync().Within();
                await raw.Channel.SendAsync(new byte[1]).Within();
            });
            Assert.Equal((Step.Send, Reason.Reset), (failure.Step, failure.Reason));
        }
    }

    [Fact]
    public async Task CompleteSendsAsync_Cancelled_CanBeRepeated()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32, OneMiB);
        await raw.Channel.SendAsync(new byte[OneMiB]).Within();
        using var cancel = new CancellationTokenSource();
        Task complete = raw.Channel.CompleteSendsAsync(cancel.Token).AsTask();
        Assert.False(complete.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => complete.Within());
        complete = raw.Channel.CompleteSendsAsync().AsTask();
        Assert.Equal(OneMiB + 4, (await RawSocket.ReadToEndAsync(raw.Peer).Within()).Length);
        await complete.Within();
        await raw.Channel.CompleteSendsAsync().Within();
    }
}
