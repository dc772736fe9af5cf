using System.Globalization;

namespace Parley.Tests.Messaging.Framing;

/// <summary>Threads that are blocked in the kernel until a framed message comes, and what ends that.</summary>
public sealed class FramedBlockingTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_NothingThere_SleepsInTheKernel(bool isTimed)
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        (Task<int> received, Func<bool> sleeps) = Receiving(pair.First, isTimed);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await pair.Second.SendAsync("hello"u8.ToArray()).AsTask().Within();

        Assert.Equal(5, await received.Within());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_SeveralThreadsAndMessagesThatComeAtOnce_EachGetsOne(bool isTimed)
    {
        const int Threads = 6;
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        for (int round = 0; round < 50; round++)
        {
            (Task<int> Received, Func<bool> Sleeps)[] all = [.. Enumerable.Range(0, Threads).Select(_ => Receiving(pair.First, isTimed))];
            if (round % 2 == 0)
                await Eventually.TrueAsync(() => all.All(one => one.Sleeps()), "all sleep");

            // In one write: whoever reads it leaves what is the others'.
            await pair.Second.SendBatchAsync(Enumerable.Range(0, Threads).Select(i => (ReadOnlyMemory<byte>)new byte[i + 1]).ToArray()).AsTask().Within();

            int[] lengths = await Task.WhenAll(all.Select(one => one.Received)).Within();
            Assert.Equal(Enumerable.Range(1, Threads), lengths.Order());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_SomebodyElseWaitsInTheLoop_BothGetOne(bool isTimed)
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        for (int round = 0; round < 50; round++)
        {
            (Task<int> blocked, Func<bool> sleeps) = Receiving(pair.First, isTimed);
            if (round % 2 == 0)
                await Eventually.TrueAsync(sleeps, "the thread sleeps");
            Task<ReceivedMessage> awaited = pair.First.ReceiveAsync(new byte[16]).AsTask();

            await pair.Second.SendBatchAsync(new ReadOnlyMemory<byte>[] { new byte[3], new byte[4] }).AsTask().Within();

            Assert.Equal(7, await blocked.Within() + (await awaited.Within()).Length);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_ThreadsAreBlocked_EndsThemAll(bool isTimed)
    {
        MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverTcp);
        (Task<int> Received, Func<bool> Sleeps)[] all = [.. Enumerable.Range(0, 4).Select(_ => Receiving(pair.First, isTimed))];
        await Eventually.TrueAsync(() => all[0].Sleeps(), "a thread sleeps");

        await pair.DisposeAsync();

        foreach ((Task<int> received, _) in all)
            Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => received.Within())).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Abort_ThreadIsBlocked_EndsIt(bool isTimed)
    {
        using var place = new Place(ChannelKind.UnixPath);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).AsTask().Within();
        Connection connection = await Connection.ConnectAsync(listener.LocalEndPoint).AsTask().Within();
        MessageChannel channel = MessageChannel.Over(connection, MessageFraming.Line);
        (Task<int> received, Func<bool> sleeps) = Receiving(channel, isTimed);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        connection.Abort();

        Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => received.Within())).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_PeerEnds_IsTheEnd(bool isTimed)
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        (Task<int> received, Func<bool> sleeps) = Receiving(pair.First, isTimed);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await pair.Second.CompleteSendsAsync().AsTask().Within();

        Assert.Equal(-1, await received.Within());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_HalfAFrameComes_WaitsForTheRest(bool isTimed)
    {
        using var place = new Place(ChannelKind.UnixPath);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).AsTask().Within();
        await using MessageChannel channel = await MessageChannel.OpenAsync(
            listener.LocalEndPoint, new MessageChannelOptions { Framing = MessageFraming.Line }).AsTask().Within();
        await using Connection peer = (await listener.AcceptAsync().AsTask().Within())!;
        (Task<int> received, Func<bool> sleeps) = Receiving(channel, isTimed);
        await peer.Output.WriteAsync("half "u8.ToArray()).AsTask().Within();
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await peer.Output.WriteAsync("a line\n"u8.ToArray()).AsTask().Within();

        Assert.Equal("half a line".Length, await received.Within());
        await channel.CompleteSendsAsync().AsTask().Within();
    }

    [Fact]
    public async Task Receive_AnyTimeToWait_SleepsInTheReadItself()
    {
        var observer = new RecordingObserver();
        using var place = new Place(ChannelKind.UnixPath);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint, new ListenerOptions { CallObserver = observer }).AsTask().Within();
        await using MessageChannel peer = await MessageChannel.OpenAsync(
            listener.LocalEndPoint, new MessageChannelOptions { Framing = MessageFraming.Len32 }).AsTask().Within();
        await using MessageChannel channel = MessageChannel.Over(
            (await listener.AcceptAsync().AsTask().Within())!, new MessageChannelOptions { Framing = MessageFraming.Len32, SpinTime = TimeSpan.Zero });
        (Task<int> received, Func<bool> sleeps) = Receiving(channel, isTimed: false, "poll");
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await peer.SendAsync("hello"u8.ToArray()).AsTask().Within();

        Assert.Equal(5, await received.Within());
        Assert.Equal(9, observer.Single("read").Result);
        await Task.WhenAll(peer.CompleteSendsAsync().AsTask(), channel.CompleteSendsAsync().AsTask()).Within();
    }

    [Theory]
    [InlineData(MessageKind.Len32OverUnix)]
    [InlineData(MessageKind.Len32OverTcp)]
    public async Task OtherCalls_AThreadHasBlockedInTheRead_DoNotBlock(MessageKind kind)
    {
        await using MessagePair pair = await MessagePair.OpenAsync(kind);
        await BlockOnceAsync(pair.First, pair.Second);

        Assert.False(await OnItsOwnThread.Run(() => pair.First.TryReceive(new byte[8192], out _)).Within());
        using var given = new CancellationTokenSource();
        Task<ReceivedMessage> waiting = pair.First.ReceiveAsync(new byte[8192], given.Token).AsTask();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());
        byte[] message = new byte[8192];
        int sent = await OnItsOwnThread.Run(() =>
        {
            int count = 0;
            while (pair.First.TrySend(message))
                count++;
            return count;
        }).Within();

        for (int i = 0; i < sent; i++)
            Assert.Equal(message.Length, (await pair.Second.ReceiveAsync(new byte[8192]).AsTask().Within()).Length);
    }

    [Theory]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.Tcp4)]
    public async Task SendFileAsync_AThreadHasBlockedInTheRead_DoesNotBlock(ChannelKind kind)
    {
        using var folder = new TestFolder();
        byte[] content = new byte[16 * 1024 * 1024];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(folder["file"], content);
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(folder["file"]);
        using var place = new Place(kind);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).AsTask().Within();
        await using Connection connection = await Connection.ConnectAsync(listener.LocalEndPoint).AsTask().Within();
        await using Connection peer = (await listener.AcceptAsync().AsTask().Within())!;
        await using (MessageChannel channel = MessageChannel.Over(connection, MessageFraming.Line, leaveOpen: true))
        {
            await using MessageChannel other = MessageChannel.Over(peer, MessageFraming.Line, leaveOpen: true);
            await BlockOnceAsync(channel, other);
        }

        // More than the socket takes: a call that blocked would not come back.
        Task<long> sending = await OnItsOwnThread.Run(() => connection.SendFileAsync(file).AsTask()).Within();
        Assert.False(sending.IsCompleted);

        byte[] came = new byte[content.Length];
        await peer.AsStream(leaveOpen: true).ReadExactlyAsync(came).AsTask().Within();
        Assert.Equal(content.Length, await sending.Within());
        Assert.True(content.AsSpan().SequenceEqual(came));
        await Task.WhenAll(connection.CompleteWritesAsync().AsTask(), peer.CompleteWritesAsync().AsTask()).Within();
    }

    private static async Task BlockOnceAsync(MessageChannel channel, MessageChannel peer)
    {
        (Task<int> received, Func<bool> sleeps) = Receiving(channel, isTimed: false);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");
        await peer.SendAsync("hello"u8.ToArray()).AsTask().Within();
        Assert.Equal(5, await received.Within());
    }

    // The length of what was received, -1 for the end; and whether its thread sleeps in the kernel, in a call that has not the name.
    private static (Task<int> Received, Func<bool> Sleeps) Receiving(MessageChannel channel, bool isTimed, string notIn = "futex")
    {
        int thread = 0;
        int length = 0;
        Task run = OnItsOwnThread.Run(() =>
        {
            Volatile.Write(ref thread, Native.ThreadId);
            ReceivedMessage message = channel.Receive(new byte[8192], isTimed ? Limits.Transfer : Timeout.InfiniteTimeSpan);
            length = message.IsEnd ? -1 : message.Length;
        });
        return (ReadAsync(), () => Volatile.Read(ref thread) != 0 && Sleeps(thread, notIn));

        async Task<int> ReadAsync()
        {
            await run.ConfigureAwait(false);
            return length;
        }
    }

    // Where the kernel does not say where a thread sleeps, that it does has to do. A futex is a lock, or a wait for the event loop.
    private static bool Sleeps(int thread, string notIn)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/");
        if (!File.Exists(folder + "wchan"))
            return false;
        string function = File.ReadAllText(folder + "wchan");
        string state = File.ReadAllText(folder + "stat");
        return state[(state.LastIndexOf(')') + 2)..].StartsWith('S')
               && !function.Contains("futex", StringComparison.Ordinal) && !function.Contains(notIn, StringComparison.Ordinal);
    }
}
