using System.Globalization;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>
/// Where the sleeper makes the publisher's fence with a membarrier, which may leave a processor out: what was published by one that did not see the
/// sleeper is found all the same, section 5 of docs/shared-memory-protocol.md.
/// </summary>
public sealed class ThirdLookTests
{
    // The peer publishes before this is over, however slow the machine.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_PublisherHasNotSeenTheSleeper_Receives(bool isBlocking)
    {
        using LinkPair links = Connect(Late);
        await using SharedMemoryChannel channel = Channel(links.Client);
        byte[] buffer = new byte[16];
        Task<ReceivedMessage> receive = isBlocking
            ? OnItsOwnThread.Run(() => channel.Receive(buffer, Timeout.InfiniteTimeSpan))
            : channel.ReceiveAsync(buffer).AsTask();
        await Eventually.TrueAsync(() => Sleeps(links.Client.Incoming, SharedLayout.ReaderSleep), "the receiver sleeps");

        PublishUnseen(links.Server.Outgoing, at: 0, "unseen"u8);

        Assert.Equal(6, (await receive.Within()).Length);
        Assert.Equal("unseen"u8, buffer.AsSpan(0, 6));
    }

    /// <summary>There the loop announces, and not who waits.</summary>
    [SkippableFact]
    public async Task Receive_OnTheLoop_PublisherHasNotSeenTheSleeper_Receives()
    {
        using LinkPair links = Connect(Late, inline: true);
        await using SharedMemoryChannel channel = Channel(links.Client, inline: true);
        await using SharedMemoryChannel peer = Channel(links.Server);
        Task<int> receive = ReceiveTwiceAsync(channel);
        Assert.True(peer.TrySend("seen"u8));
        await Eventually.TrueAsync(
            () => channel.Statistics.MessagesReceived == 1 && Sleeps(links.Client.Incoming, SharedLayout.ReaderSleep), "the receiver sleeps again");

        PublishUnseen(links.Server.Outgoing, at: SharedLayout.RecordAlignment, "unseen"u8);

        Assert.Equal(6, await receive.Within());

        static async Task<int> ReceiveTwiceAsync(SharedMemoryChannel channel)
        {
            byte[] buffer = new byte[16];
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            Assert.True(EventLoop.Shared.IsCurrent);
            return (await channel.ReceiveAsync(buffer).ConfigureAwait(false)).Length;
        }
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_ReaderHasNotSeenTheSleeper_Sends(bool isBlocking)
    {
        using LinkPair links = Connect(Late);
        await using SharedMemoryChannel channel = Channel(links.Client);
        byte[] message = new byte[1000];
        while (channel.TrySend(message))
        {
        }

        Task send = isBlocking
            ? OnItsOwnThread.Run(() => channel.Send(message, default, Timeout.InfiniteTimeSpan))
            : channel.SendAsync(message).AsTask();
        await Eventually.TrueAsync(() => Sleeps(links.Client.Outgoing, SharedLayout.WriterSleep), "the sender sleeps");

        GiveBackUnseen(links.Server.Incoming, SharedLayout.RecordSize(message.Length));

        await send.Within();
    }

    /// <summary>One that sleeps for longer is not woken again and again: an idle conversation costs nothing.</summary>
    [SkippableFact]
    public async Task Receive_NothingComes_LooksOnceMoreAndThenSleeps()
    {
        using LinkPair links = Connect(TimeSpan.FromMilliseconds(1));
        await using SharedMemoryChannel channel = Channel(links.Client);
        await using SharedMemoryChannel peer = Channel(links.Server);
        int thread = 0;
        Task receive = OnItsOwnThread.Run(() =>
        {
            Volatile.Write(ref thread, Native.ThreadId);
            channel.Receive(new byte[16], Timeout.InfiniteTimeSpan);
        });
        await Eventually.TrueAsync(() => Sleeps(links.Client.Incoming, SharedLayout.ReaderSleep), "the receiver sleeps");
        int before = TimesAsleep(Volatile.Read(ref thread));

        await Task.Delay(TimeSpan.FromMilliseconds(300));

        // Three that are its own: it has begun to sleep, looks, and sleeps again.
        Assert.InRange(TimesAsleep(thread) - before, 0, 3);
        Assert.True(peer.TrySend("over"u8));
        await receive.Within();
    }

    private static LinkPair Connect(TimeSpan thirdLookAfter, bool inline = false)
    {
        Skip.IfNot(Membarrier.IsAvailable, "the kernel has no membarrier");
        return new LinkPair(LinkKind.Messages, SharedLayout.SmallestCapacity, membarrier: true, inline, thirdLookAfter);
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link, bool inline = false)
        => new(link, null, null, new MessageChannelOptions { CloseTimeout = TimeSpan.FromMilliseconds(200), RunContinuationsInline = inline }.Snapshot());

    // As section 3.2 says, and without a look at the sleep word.
    private static unsafe void PublishUnseen(RingMemory ring, int at, ReadOnlySpan<byte> message)
    {
        message.CopyTo(new Span<byte>(ring.Data + at + SharedLayout.HeaderSize, message.Length));
        Volatile.Write(ref *(ulong*)(ring.Data + at), ((ulong)message.Length << 1) | 1);
    }

    private static unsafe void GiveBackUnseen(RingMemory ring, long head) => Volatile.Write(ref *(ulong*)(ring.Control + SharedLayout.Head), (ulong)head);

    private static unsafe bool Sleeps(RingMemory ring, int word) => Volatile.Read(ref *(uint*)(ring.Control + word)) != 0;

    private static int TimesAsleep(int thread)
    {
        const string Name = "voluntary_ctxt_switches:";
        string status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/status"));
        return int.Parse(status.Split('\n').Single(line => line.StartsWith(Name, StringComparison.Ordinal))[Name.Length..], CultureInfo.InvariantCulture);
    }
}
