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
        using LinkPair links = Connect();
        await using SharedMemoryChannel channel = Channel(links.Client);
        byte[] buffer = new byte[16];
        Task<ReceivedMessage> receive = await ReceiveAsleepAsync(links, channel, buffer, isBlocking);

        PublishUnseen(links.Server.Outgoing, at: 0, "unseen"u8);

        Assert.Equal(6, (await receive.Within()).Length);
        Assert.Equal("unseen"u8, buffer.AsSpan(0, 6));
    }

    /// <summary>There the loop announces, and not who waits.</summary>
    [SkippableFact]
    public async Task Receive_OnTheLoop_PublisherHasNotSeenTheSleeper_Receives()
    {
        using LinkPair links = Connect(inline: true);
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
        using LinkPair links = Connect();
        SharedMemoryChannel channel = Channel(links.Client);
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
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().AsTask().Within());
        Assert.Equal(Reason.TimedOut, failure.Reason);
    }

    /// <summary>What was announced by a wait that was cancelled says nothing of the next one.</summary>
    [SkippableFact]
    public async Task Receive_AfterOneThatWasCancelled_LooksAnew()
    {
        using LinkPair links = Connect();
        await using SharedMemoryChannel channel = Channel(links.Client);
        using var cancel = new CancellationTokenSource();
        byte[] buffer = new byte[16];
        Task<ReceivedMessage> first = await ReceiveAsleepAsync(links, channel, buffer, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Within());
        Task<ReceivedMessage> second = await ReceiveAsleepAsync(links, channel, buffer);

        PublishUnseen(links.Server.Outgoing, at: 0, "unseen"u8);

        Assert.Equal(6, (await second.Within()).Length);
    }

    /// <summary>A dispose waits for the peer's end, and must not wait for its own time limit.</summary>
    [SkippableFact]
    public async Task Dispose_PeerThatClosesHasNotSeenTheSleeper_Ends()
    {
        using LinkPair links = Connect();
        SharedMemoryChannel channel = Channel(links.Client, closeTimeout: Limits.Transfer);
        Task dispose = channel.DisposeAsync().AsTask();
        await Eventually.TrueAsync(() => Sleeps(links.Client.Incoming, SharedLayout.ReaderSleep), "the dispose sleeps");

        CloseUnseen(links.Server.Outgoing);

        await dispose.Within();
    }

    private static LinkPair Connect(bool inline = false)
    {
        Skip.IfNot(Membarrier.IsAvailable, "the kernel has no membarrier");
        return new LinkPair(LinkKind.Messages, SharedLayout.SmallestCapacity, membarrier: true, inline, Late);
    }

    /// <summary>Begins a receive of the client's, and waits until it sleeps.</summary>
    private static async Task<Task<ReceivedMessage>> ReceiveAsleepAsync(
        LinkPair links, SharedMemoryChannel channel, byte[] buffer, bool isBlocking = false, CancellationToken cancellationToken = default)
    {
        Task<ReceivedMessage> receive = isBlocking
            ? OnItsOwnThread.Run(() => channel.Receive(buffer, Timeout.InfiniteTimeSpan))
            : channel.ReceiveAsync(buffer, cancellationToken).AsTask();
        await Eventually.TrueAsync(() => Sleeps(links.Client.Incoming, SharedLayout.ReaderSleep), "the receiver sleeps");
        return receive;
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link, bool inline = false, TimeSpan? closeTimeout = null)
        => new(link, null, null, new MessageChannelOptions { CloseTimeout = closeTimeout ?? TimeSpan.FromMilliseconds(200), RunContinuationsInline = inline }.Snapshot());

    // As section 3.2 says, and without a look at the sleep word.
    private static unsafe void PublishUnseen(RingMemory ring, int at, ReadOnlySpan<byte> message)
    {
        message.CopyTo(new Span<byte>(ring.Data + at + SharedLayout.HeaderSize, message.Length));
        Volatile.Write(ref *(ulong*)(ring.Data + at), ((ulong)message.Length << 1) | 1);
    }

    private static unsafe void GiveBackUnseen(RingMemory ring, long head) => Volatile.Write(ref *(ulong*)(ring.Control + SharedLayout.Head), (ulong)head);

    private static unsafe void CloseUnseen(RingMemory ring) => Volatile.Write(ref *(uint*)(ring.Control + SharedLayout.WriterState), SharedLayout.Closed);

    private static unsafe bool Sleeps(RingMemory ring, int word) => Volatile.Read(ref *(uint*)(ring.Control + word)) != 0;
}
