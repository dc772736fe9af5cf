using System.Collections.Concurrent;
using System.Net;

namespace Parley.Tests.Datagrams;

/// <summary>Many that wait for one socket: nobody is forgotten, and every wait ends.</summary>
public sealed class WaitTests
{
    /// <summary>
    /// Those who wait, those who only look, those who give up and those who are blocked, all at once, and one message at a time, or so many
    /// that come as one: were a wake-up lost, the next would never be sent.
    /// </summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 20)]
    [InlineData(true, 20)]
    public async Task Receive_InEveryWayAtOnce_EachMessageIsTakenOnce(bool inline, int together)
    {
        const int Messages = 2000;
        await using MessageChannel bound = await Loopback.BindAsync(options: new MessageChannelOptions { RunContinuationsInline = inline });
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        using var taken = new SemaphoreSlim(0);
        using var stop = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<int, int>();
        Task[] receivers =
        [
            .. Enumerable.Range(0, 3).Select(_ => Task.Run(WaitAsync)),
            Task.Run(WaitToReceiveAsync), Task.Run(WaitToReceiveAsync), Task.Run(GiveUpAsync), Task.Run(TakeBatchesAsync), OnItsOwnThread.Run(Block),
        ];
        for (int i = 0; i < Messages; i += together)
        {
            await opened.SendBatchAsync(Enumerable.Range(i, together).Select(n => new ReadOnlyMemory<byte>(BitConverter.GetBytes(n))).ToArray()).Within();
            for (int n = 0; n < together; n++)
                Assert.True(await taken.WaitAsync(Limits.Wait), $"nobody takes message {i + n}");
        }

        await stop.CancelAsync();
        await bound.DisposeAsync().Within();
        await Task.WhenAll(receivers).Within();
        Assert.Equal(Messages, seen.Count);

        void Note(ReadOnlySpan<byte> message)
        {
            Assert.True(seen.TryAdd(BitConverter.ToInt32(message), 0), "twice");
            taken.Release();
        }

        Task WaitAsync() => UntilStoppedAsync(async () =>
        {
            byte[] buffer = new byte[4];
            await bound.ReceiveAsync(buffer, stop.Token);
            Note(buffer);
        });

        Task WaitToReceiveAsync() => UntilStoppedAsync(async () =>
        {
            await bound.WaitToReceiveAsync(stop.Token);
            byte[] buffer = new byte[4];
            if (bound.TryReceive(buffer, out _))
                Note(buffer);
            else
                await Task.Yield();
        });

        Task GiveUpAsync() => UntilStoppedAsync(async () =>
        {
            using var impatience = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            byte[] buffer = new byte[4];
            ValueTask<ReceivedMessage> receive = bound.ReceiveAsync(buffer, impatience.Token);
            await Task.Yield();
            await impatience.CancelAsync();
            try
            {
                await receive;
                Note(buffer);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // It was too early.
            }
        });

        Task TakeBatchesAsync() => UntilStoppedAsync(async () =>
        {
            var batch = new MessageBatch(4, 4);
            int count = await bound.ReceiveBatchAsync(batch, stop.Token);
            for (int i = 0; i < count; i++)
                Note(batch[i].Body.Span);
        });

        void Block()
        {
            byte[] buffer = new byte[4];
            while (true)
            {
                try
                {
                    bound.Receive(buffer, Timeout.InfiniteTimeSpan);
                    Note(buffer);
                }
                catch (ConnectionException end) when (end.Reason == Reason.Aborted)
                {
                    return;
                }
            }
        }

        async Task UntilStoppedAsync(Func<Task> once)
        {
            try
            {
                while (!stop.IsCancellationRequested)
                    await once();
            }
            catch (Exception end) when (stop.IsCancellationRequested && end is OperationCanceledException or ConnectionException { Reason: Reason.Aborted })
            {
                // It is over.
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_EndsBlockedCalls(bool isBound)
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        MessageChannel channel = isBound ? bound : opened;
        using var running = new CountdownEvent(2);
        Task[] blocked =
        [
            OnItsOwnThread.Run(() => Receive(Timeout.InfiniteTimeSpan)),
            OnItsOwnThread.Run(() => Receive(TimeSpan.FromHours(1))),
        ];
        running.Wait(Limits.Wait);
        await channel.DisposeAsync().Within();
        foreach (Task each in blocked)
            Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => each.Within())).Reason);

        void Receive(TimeSpan timeout)
        {
            running.Signal();
            channel.Receive(new byte[10], timeout);
        }
    }

    /// <summary>The port is free at once, though calls were blocked on it.</summary>
    [Fact]
    public async Task DisposeAsync_WithWaits_FreesThePort()
    {
        MessageChannel bound = await Loopback.BindAsync();
        EndPoint local = bound.LocalEndPoint!;
        Task[] waits = [.. Enumerable.Range(0, 5).Select(_ => bound.ReceiveAsync(new byte[1]).AsTask())];
        await bound.DisposeAsync();
        foreach (Task wait in waits)
            await Assert.ThrowsAsync<ConnectionException>(() => wait.Within());
        await using MessageChannel again = await MessageChannel.BindAsync(local).Within();
        Assert.Equal(local, again.LocalEndPoint);
    }

    /// <summary>A network that takes less than is sent: the kernel's room for the socket fills, and sends wait.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_NoRoom_WaitsAndLosesNothing(bool blocking)
    {
        (MessageChannel bound, MessageChannel opened) = await OwnNetwork.RunAsync("tc qdisc add dev lo root tbf rate 40mbit burst 20kb limit 100mb", () =>
        {
            MessageChannel receiver = MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Loopback, 0)).AsTask().GetAwaiter().GetResult();
            return (receiver, MessageChannel.OpenAsync(receiver.LocalEndPoint!).AsTask().GetAwaiter().GetResult());
        });
        await using (bound)
        await using (opened)
        {
            byte[] message = new byte[1000];
            Task receive = ReceiveAllAsync();
            while (opened.TrySend(message))
                Assert.True(opened.Statistics.MessagesSent < 100_000, "it is never full");
            await opened.WaitToSendAsync().Within();
            if (blocking)
                await OnItsOwnThread.Run(() => SendMany(message)).Within();
            else
                await SendManyAsync(message);
            await opened.SendBatchAsync(Enumerable.Repeat<ReadOnlyMemory<byte>>(message, 500).ToArray()).Within();
            await Eventually.TrueAsync(() => bound.Statistics.MessagesReceived + bound.Statistics.Dropped == opened.Statistics.MessagesSent, "all are there");
            await bound.DisposeAsync().Within();
            await Assert.ThrowsAsync<ConnectionException>(() => receive.Within());
        }

        async Task ReceiveAllAsync()
        {
            byte[] buffer = new byte[1000];
            while (true)
                await bound.ReceiveAsync(buffer);
        }

        async Task SendManyAsync(byte[] message)
        {
            for (int i = 0; i < 500; i++)
                await opened.SendAsync(message).Within();
        }

        void SendMany(byte[] message)
        {
            for (int i = 0; i < 500; i++)
                opened.Send(message, default, Limits.Wait);
        }
    }
}
