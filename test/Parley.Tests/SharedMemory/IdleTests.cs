using System.Globalization;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Whoever waits for a message that does not come costs nothing: it is woken once for the third look, and not again.</summary>
[Collection(nameof(Alone))]
public sealed class IdleTests
{
    // One that looks each millisecond does so some 300 times. The runtime has reasons of its own to make a thread wait.
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(300);
    private const int Most = 50;

    [SkippableFact]
    public async Task Receive_NothingComes_TheThreadSleeps()
    {
        using LinkPair links = Connect();
        await using SharedMemoryChannel channel = Channel(links.Client);
        await using SharedMemoryChannel peer = Channel(links.Server);
        int thread = 0;
        Task receive = OnItsOwnThread.Run(() =>
        {
            Volatile.Write(ref thread, Native.ThreadId);
            channel.Receive(new byte[16], Timeout.InfiniteTimeSpan);
        });
        await Eventually.TrueAsync(() => Sleeps(links.Client.Incoming), "the receiver sleeps");
        int before = TimesAsleep(Volatile.Read(ref thread));

        await Task.Delay(Window);

        Assert.InRange(TimesAsleep(thread) - before, 0, Most);
        Assert.True(peer.TrySend("over"u8));
        await receive.Within();
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReceiveAsync_NothingComes_TheLoopSleeps(bool inline)
    {
        using LinkPair links = Connect(inline);
        await using SharedMemoryChannel channel = Channel(links.Client, inline);
        await using SharedMemoryChannel peer = Channel(links.Server);
        Task receive = ReceiveTwiceAsync(channel);
        Assert.True(peer.TrySend("first"u8));
        await Eventually.TrueAsync(() => channel.Statistics.MessagesReceived == 1 && Sleeps(links.Client.Incoming), "the receiver sleeps");
        int before = EventLoop.Shared.Turn;

        await Task.Delay(Window);

        Assert.InRange(EventLoop.Shared.Turn - before, 0, Most);
        Assert.True(peer.TrySend("over"u8));
        await receive.Within();

        static async Task ReceiveTwiceAsync(SharedMemoryChannel channel)
        {
            byte[] buffer = new byte[16];
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
        }
    }

    [SkippableFact]
    public async Task Dispose_PeerDoesNotEnd_TheLoopSleeps()
    {
        using LinkPair links = Connect();
        SharedMemoryChannel channel = Channel(links.Client, closeTimeout: Limits.Transfer);
        await using SharedMemoryChannel peer = Channel(links.Server);
        Task dispose = channel.DisposeAsync().AsTask();
        await Eventually.TrueAsync(() => Sleeps(links.Client.Incoming), "the dispose sleeps");
        int before = EventLoop.Shared.Turn;

        await Task.Delay(Window);

        Assert.InRange(EventLoop.Shared.Turn - before, 0, Most);
        await peer.DisposeAsync();
        await dispose.Within();
    }

    private static LinkPair Connect(bool inline = false)
    {
        Skip.IfNot(Membarrier.IsAvailable, "the kernel has no membarrier");
        return new LinkPair(LinkKind.Messages, SharedLayout.SmallestCapacity, membarrier: true, inline);
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link, bool inline = false, TimeSpan? closeTimeout = null)
        => new(link, null, null, new MessageChannelOptions { CloseTimeout = closeTimeout ?? TimeSpan.FromMilliseconds(200), RunContinuationsInline = inline }.Snapshot());

    private static unsafe bool Sleeps(RingMemory ring) => Volatile.Read(ref *(uint*)(ring.Control + SharedLayout.ReaderSleep)) != 0;

    private static int TimesAsleep(int thread)
    {
        const string Name = "voluntary_ctxt_switches:";
        string status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/status"));
        return int.Parse(status.Split('\n').Single(line => line.StartsWith(Name, StringComparison.Ordinal))[Name.Length..], CultureInfo.InvariantCulture);
    }
}
