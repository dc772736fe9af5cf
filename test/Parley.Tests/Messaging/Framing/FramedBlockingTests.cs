using System.Globalization;

namespace Parley.Tests.Messaging.Framing;

/// <summary>Threads that are blocked in the kernel until a framed message comes, and what ends that.</summary>
public sealed class FramedBlockingTests
{
    [Fact]
    public async Task Receive_NothingThere_SleepsInTheKernel()
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        (Task<int> received, Func<bool> sleeps) = Receiving(pair.First);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await pair.Second.SendAsync("hello"u8.ToArray()).AsTask().Within();

        Assert.Equal(5, await received.Within());
    }

    [Fact]
    public async Task Receive_SeveralThreadsAndMessagesThatComeAtOnce_EachGetsOne()
    {
        const int Threads = 6;
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        for (int round = 0; round < 50; round++)
        {
            (Task<int> Received, Func<bool> Sleeps)[] all = [.. Enumerable.Range(0, Threads).Select(_ => Receiving(pair.First))];
            if (round % 2 == 0)
                await Eventually.TrueAsync(() => all.All(one => one.Sleeps()), "all sleep");

            // In one write: whoever reads it leaves what is the others'.
            await pair.Second.SendBatchAsync(Enumerable.Range(0, Threads).Select(i => (ReadOnlyMemory<byte>)new byte[i + 1]).ToArray()).AsTask().Within();

            int[] lengths = await Task.WhenAll(all.Select(one => one.Received)).Within();
            Assert.Equal(Enumerable.Range(1, Threads), lengths.Order());
        }
    }

    [Fact]
    public async Task Receive_SomebodyElseWaitsInTheLoop_BothGetOne()
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        for (int round = 0; round < 50; round++)
        {
            (Task<int> blocked, Func<bool> sleeps) = Receiving(pair.First);
            if (round % 2 == 0)
                await Eventually.TrueAsync(sleeps, "the thread sleeps");
            Task<ReceivedMessage> awaited = pair.First.ReceiveAsync(new byte[16]).AsTask();

            await pair.Second.SendBatchAsync(new ReadOnlyMemory<byte>[] { new byte[3], new byte[4] }).AsTask().Within();

            Assert.Equal(7, await blocked.Within() + (await awaited.Within()).Length);
        }
    }

    [Fact]
    public async Task DisposeAsync_ThreadsAreBlocked_EndsThemAll()
    {
        MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverTcp);
        (Task<int> Received, Func<bool> Sleeps)[] all = [.. Enumerable.Range(0, 4).Select(_ => Receiving(pair.First))];
        await Eventually.TrueAsync(() => all[0].Sleeps(), "a thread sleeps");

        await pair.DisposeAsync();

        foreach ((Task<int> received, _) in all)
            Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => received.Within())).Reason);
    }

    [Fact]
    public async Task Abort_ThreadIsBlocked_EndsIt()
    {
        using var place = new Place(ChannelKind.UnixPath);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).AsTask().Within();
        Connection connection = await Connection.ConnectAsync(listener.LocalEndPoint).AsTask().Within();
        MessageChannel channel = MessageChannel.Over(connection, MessageFraming.Line);
        (Task<int> received, Func<bool> sleeps) = Receiving(channel);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        connection.Abort();

        Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => received.Within())).Reason);
    }

    [Fact]
    public async Task Receive_PeerEnds_IsTheEnd()
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Len32OverUnix);
        (Task<int> received, Func<bool> sleeps) = Receiving(pair.First);
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await pair.Second.CompleteSendsAsync().AsTask().Within();

        Assert.Equal(-1, await received.Within());
    }

    [Fact]
    public async Task Receive_HalfAFrameComes_WaitsForTheRest()
    {
        using var place = new Place(ChannelKind.UnixPath);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).AsTask().Within();
        await using MessageChannel channel = await MessageChannel.OpenAsync(
            listener.LocalEndPoint, new MessageChannelOptions { Framing = MessageFraming.Line }).AsTask().Within();
        await using Connection peer = (await listener.AcceptAsync().AsTask().Within())!;
        (Task<int> received, Func<bool> sleeps) = Receiving(channel);
        await peer.Output.WriteAsync("half "u8.ToArray()).AsTask().Within();
        await Eventually.TrueAsync(sleeps, "the thread sleeps");

        await peer.Output.WriteAsync("a line\n"u8.ToArray()).AsTask().Within();

        Assert.Equal("half a line".Length, await received.Within());
        await channel.CompleteSendsAsync().AsTask().Within();
    }

    // The length of what was received, -1 for the end; and whether its thread sleeps in poll.
    private static (Task<int> Received, Func<bool> Sleeps) Receiving(MessageChannel channel)
    {
        int thread = 0;
        int length = 0;
        Task run = OnItsOwnThread.Run(() =>
        {
            Volatile.Write(ref thread, Native.ThreadId);
            ReceivedMessage message = channel.Receive(new byte[8192], Limits.Transfer);
            length = message.IsEnd ? -1 : message.Length;
        });
        return (ReadAsync(), () => Volatile.Read(ref thread) != 0 && IsInPoll(thread));

        async Task<int> ReadAsync()
        {
            await run.ConfigureAwait(false);
            return length;
        }
    }

    // Where the kernel does not say where a thread sleeps, that it does has to do.
    private static bool IsInPoll(int thread)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/");
        if (!File.Exists(folder + "wchan"))
            return false;
        string function = File.ReadAllText(folder + "wchan");
        string state = File.ReadAllText(folder + "stat");
        return state[(state.LastIndexOf(')') + 2)..].StartsWith('S') && (function is "0" or "" || function.Contains("poll", StringComparison.Ordinal));
    }
}
