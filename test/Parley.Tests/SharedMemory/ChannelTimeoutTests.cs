using System.Diagnostics;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Waits for a peer that is there and does nothing.</summary>
public sealed class ChannelTimeoutTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private readonly LinkPair _links = new(LinkKind.Messages, SharedLayout.SmallestCapacity, membarrier: true, inline: true);

    public void Dispose() => _links.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task IdleTimeout_PeerSaysNothing_EndsTheChannel(bool isBlocking)
    {
        long start = Stopwatch.GetTimestamp();
        await using SharedMemoryChannel channel = Channel(_links.Client, idle: Short);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        byte[] buffer = new byte[16];

        ConnectionException failure = await ThrowsAsync(
            Reason.TimedOut, () => isBlocking ? OnItsOwnThread.Run(() => channel.Receive(buffer, Timeout.InfiniteTimeSpan)) : channel.ReceiveAsync(buffer).AsTask());

        Assert.True(Stopwatch.GetElapsedTime(start) >= Short);
        Assert.Equal((Step.Receive, "no message moved in either direction for 0.2 s"), (failure.Step, failure.Cause));
        await ThrowsAsync(Reason.TimedOut, () => channel.ReceiveAsync(buffer).AsTask());
        await ThrowsAsync(Reason.TimedOut, () => channel.WaitToReceiveAsync().AsTask());
        await ThrowsAsync(Reason.TimedOut, () => channel.SendAsync(buffer).AsTask());
        await ThrowsAsync(Reason.Reset, () => peer.ReceiveAsync(buffer).AsTask());
    }

    /// <summary>A peer that works through what it was sent is not idle, though it says nothing and gives nothing back.</summary>
    [Fact]
    public async Task Activity_PeerTakesAMessage_Changes()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        Assert.True(channel.TrySend("request"u8));
        long before = channel.Activity;
        Assert.Equal(before, channel.Activity);

        Assert.True(peer.TryReceive(new byte[8], out _));

        Assert.NotEqual(before, channel.Activity);
    }

    /// <summary>Where the loop looks at the ring itself nobody is woken, but by the clock.</summary>
    [Fact]
    public async Task IdleTimeout_WaitOfTheLoop_EndsTheChannel()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client, idle: Short);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        Task receive = ReceiveTwiceAsync();
        await peer.SendAsync("first"u8.ToArray()).Within();

        await ThrowsAsync(Reason.TimedOut, () => receive);

        async Task ReceiveTwiceAsync()
        {
            byte[] buffer = new byte[8];
            await channel.WaitToReceiveAsync().ConfigureAwait(false);
            Assert.True(EventLoop.Shared.IsCurrent);
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
        }
    }

    [Fact]
    public async Task IdleTimeout_BothDirectionsWait_BothAreTold()
    {
        SharedMemoryChannel channel = Channel(_links.Client, idle: Short);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        Fill(channel);
        Task receive = channel.ReceiveAsync(new byte[16]).AsTask();

        await ThrowsAsync(Reason.TimedOut, () => channel.SendAsync(new byte[1000]).AsTask());

        await ThrowsAsync(Reason.TimedOut, () => receive);
        await ThrowsAsync(Reason.TimedOut, () => channel.DisposeAsync().AsTask());
    }

    /// <summary>What counts is the last message in either direction: a receiver that hears nothing waits while its side talks.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task IdleTimeout_ThisSideSends_StartsAnew(bool isBlocking)
    {
        TimeSpan limit = TimeSpan.FromSeconds(1);
        long lastMessage = Stopwatch.GetTimestamp();
        await using SharedMemoryChannel channel = Channel(_links.Client, idle: limit);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        byte[] buffer = new byte[16];
        Task receive = isBlocking ? OnItsOwnThread.Run(() => channel.Receive(buffer, Timeout.InfiniteTimeSpan)) : channel.ReceiveAsync(buffer).AsTask();

        // On a machine that is busy a pause may last so long that the channel is broken off meanwhile.
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            long now = Stopwatch.GetTimestamp();
            if (Record.Exception(() => channel.TrySend("x"u8)) is not null)
                break;
            Assert.True(peer.TryReceive(new byte[1], out _));
            lastMessage = now;
        }

        await ThrowsAsync(Reason.TimedOut, () => receive);

        Assert.True(Stopwatch.GetElapsedTime(lastMessage) >= limit);
    }

    [Theory]
    [InlineData("send")]
    [InlineData("blocking")]
    [InlineData("wait")]
    public async Task WriteTimeout_PeerTakesNothing_EndsTheChannelAndCountsWhatWasLost(string call)
    {
        SharedMemoryChannel channel = Channel(_links.Client, write: Short);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        byte[] message = new byte[1000];
        Fill(channel);
        long start = Stopwatch.GetTimestamp();

        ConnectionException failure = await ThrowsAsync(Reason.TimedOut, () => call switch
        {
            "send" => channel.SendAsync(message).AsTask(),
            "blocking" => OnItsOwnThread.Run(() => channel.Send(message, default, Timeout.InfiniteTimeSpan)),
            _ => channel.WaitToSendAsync().AsTask(),
        });

        Assert.True(Stopwatch.GetElapsedTime(start) >= Short);
        Assert.Equal((Step.Send, "the peer took nothing for 0.2 s"), (failure.Step, failure.Cause));
        await ThrowsAsync(Reason.TimedOut, () => channel.ReceiveAsync(message).AsTask());
        ConnectionException lost = await ThrowsAsync(Reason.TimedOut, () => channel.DisposeAsync().AsTask());
        Assert.Equal((Step.Close, SharedLayout.SmallestCapacity - SharedLayout.RecordAlignment), (lost.Step, lost.UndeliveredBytes));

        // What it had been sent before is there, should it look after all.
        Assert.Equal(0, (await peer.ReceiveAsync(message).Within()).Length);
    }

    [Fact]
    public async Task WriteTimeout_PeerHasNothingToTake_IsNone()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client, write: TimeSpan.FromMilliseconds(1));
        await using SharedMemoryChannel peer = Channel(_links.Server);

        await ThrowsAsync(Reason.TimedOut, () => Task.Run(() => channel.Receive(new byte[16], Short)));

        Assert.True(channel.TrySend("there"u8));
        Assert.Equal(5, (await peer.ReceiveAsync(new byte[16]).Within()).Length);
    }

    /// <summary>A reader gives back what it took only now and then.</summary>
    [Fact]
    public void PeerProgress_MessageIsTakenAndNotGivenBack_Changes()
    {
        var writer = new MessageRingWriter(_links.Client.Outgoing);
        var reader = new MessageRingReader(_links.Server.Incoming);
        Assert.True(writer.TryPut("one"u8));
        long before = writer.PeerProgress;
        Assert.Equal(RingTake.Taken, reader.TryTake(new byte[8], out _));
        long taken = writer.PeerProgress;

        reader.GiveBack();

        Assert.Equal(3, new HashSet<long> { before, taken, writer.PeerProgress }.Count);
    }

    [Fact]
    public async Task CallersTime_IsOverBeforeTheChannels_LeavesTheChannelUsable()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client, idle: Limits.Wait, write: Limits.Wait);
        await using SharedMemoryChannel peer = Channel(_links.Server);

        await ThrowsAsync(Reason.TimedOut, () => Task.Run(() => channel.Receive(new byte[16], TimeSpan.FromMilliseconds(20))));

        Assert.True(peer.TrySend("more"u8));
        Assert.Equal(4, (await channel.ReceiveAsync(new byte[16]).Within()).Length);
    }

    [Fact]
    public async Task IdleTimeout_OfAListener_IsThatOfItsChannels()
    {
        using var place = new Place(ChannelKind.SharedMemory);
        var options = new MessageChannelOptions { Listener = new ListenerOptions { IdleTimeout = Short } };
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(place.EndPoint, options).Within();
        await using MessageChannel client = await MessageChannel.OpenAsync(listener.LocalEndPoint).Within();
        await using MessageChannel? server = await listener.AcceptAsync().Within();

        await ThrowsAsync(Reason.TimedOut, () => server!.ReceiveAsync(new byte[16]).AsTask());

        await ThrowsAsync(Reason.Reset, () => client.ReceiveAsync(new byte[16]).AsTask());
    }

    // With messages of one line each, until there is no room for another.
    private static void Fill(SharedMemoryChannel channel)
    {
        while (channel.TrySend([]))
        {
        }
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link, TimeSpan? idle = null, TimeSpan? write = null)
    {
        var options = new MessageChannelOptions
        {
            IdleTimeout = idle ?? Timeout.InfiniteTimeSpan,
            WriteTimeout = write ?? Timeout.InfiniteTimeSpan,
            CloseTimeout = TimeSpan.FromMilliseconds(200),
            RunContinuationsInline = true,
        };
        return new SharedMemoryChannel(link, null, null, options.Snapshot());
    }

    private static async Task<ConnectionException> ThrowsAsync(Reason reason, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True(failure.Reason == reason, $"{failure.Reason} instead of {reason}: {failure}");
        return failure;
    }
}
