using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

public sealed class LinkTests
{
    [Theory]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    [InlineData(4 << 20)]
    public unsafe void Rings_WrittenOnOneSide_AreReadOnTheOther(int capacity)
    {
        using var pair = new LinkPair(LinkKind.Bytes, capacity);
        foreach ((RingMemory writes, RingMemory reads) in new[] { (pair.Client.Outgoing, pair.Server.Incoming), (pair.Server.Outgoing, pair.Client.Incoming) })
        {
            Assert.Equal(capacity, reads.Capacity);
            writes.Data[capacity - 1] = 17;
            writes.Data[capacity] = 4;
            writes.Control[SharedLayout.Tail] = 99;

            Assert.Equal((17, 4, 99), (reads.Data[(2 * capacity) - 1], reads.Data[0], reads.Control[SharedLayout.Tail]));
        }

        // Four pieces of memory, none of which is another one.
        pair.Client.Outgoing.Data[7] = 1;
        Assert.Equal(0, pair.Client.Incoming.Data[7]);
        pair.Client.Outgoing.Control[SharedLayout.Head] = 1;
        Assert.Equal(0, pair.Client.Incoming.Control[SharedLayout.Head]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UsesMembarrier_AsAgreed_DecidesWhoFences(bool membarrier)
    {
        using var pair = new LinkPair(LinkKind.Messages, membarrier: membarrier);

        Assert.Equal(membarrier && Membarrier.IsAvailable, pair.Client.UsesMembarrier);
        Assert.NotEqual(pair.Client.UsesMembarrier, pair.Client.NeedsPublisherFence);
        pair.Client.Fence();
    }

    [Fact]
    public async Task Wake_ReaderWaitsOnSocket_IsWokenAndItsWordTakenDown()
    {
        using var pair = new LinkPair(LinkKind.Bytes);
        pair.Server.ReaderWake.Forget();
        Announce(pair.Server.Incoming, SharedLayout.ReaderSleep, SharedLayout.SleepsOnSocket);
        Task<WaitResult> wait = pair.Server.ReaderWake.WaitAsync(Deadline.Never, CancellationToken.None).AsTask();

        WakeReaderOf(pair.Client);

        Assert.Equal(WaitResult.Ready, await wait.Within());
        Assert.Equal((0u, 1ul), Words(pair.Client.Outgoing));
    }

    [Fact]
    public async Task Wake_ReaderSleepsInFutex_IsWoken()
    {
        using var pair = new LinkPair(LinkKind.Bytes);
        Announce(pair.Server.Incoming, SharedLayout.ReaderSleep, SharedLayout.SleepsInFutex);
        Task sleep = OnItsOwnThread.Run(() => SleepAsReader(pair.Server));

        WakeReaderOf(pair.Client);

        await sleep.Within();
    }

    [Fact]
    public void Wake_NobodySleeps_CountsNothing()
    {
        using var pair = new LinkPair(LinkKind.Bytes);

        WakeReaderOf(pair.Client);

        Assert.Equal((0u, 0ul), Words(pair.Client.Outgoing));
    }

    [Fact]
    public async Task PeerCloses_EverybodyIsWokenAndTheRingsStay()
    {
        using var pair = new LinkPair(LinkKind.Bytes);
        SetByte(pair.Client.Outgoing, 0, 42);
        Announce(pair.Server.Incoming, SharedLayout.ReaderSleep, SharedLayout.SleepsInFutex);
        Task sleep = OnItsOwnThread.Run(() => SleepAsReader(pair.Server));
        Task<WaitResult> wait = pair.Server.WriterWake.WaitAsync(Deadline.Never, CancellationToken.None).AsTask();

        pair.Client.Close();

        await sleep.Within();
        Assert.Equal(WaitResult.Ready, await wait.Within());
        Assert.True(pair.Server.HasEnded);
        Assert.False(pair.Server.IsClosed);
        Assert.Equal(42, ByteAt(pair.Server.Incoming, 0));
    }

    [Fact]
    public async Task Abort_PeerFindsBothStatesAndTheEnd()
    {
        using var pair = new LinkPair(LinkKind.Bytes);

        pair.Client.Abort();

        await Eventually.TrueAsync(() => pair.Server.HasEnded, "the end of the socket");
        Assert.Equal(SharedLayout.Aborted, WordAt(pair.Server.Incoming, SharedLayout.WriterState));
        Assert.Equal(SharedLayout.Aborted, WordAt(pair.Server.Outgoing, SharedLayout.ReaderState));
    }

    [Fact]
    public async Task Close_OwnThreadSleepsInFutex_IsWoken()
    {
        using var pair = new LinkPair(LinkKind.Bytes);
        Announce(pair.Server.Incoming, SharedLayout.ReaderSleep, SharedLayout.SleepsInFutex);
        var user = new User(pair.Server);
        pair.Server.AddReader(user);
        Assert.True(user.TryEnter());
        Task sleep = OnItsOwnThread.Run(() => SleepAsReader(pair.Server));

        pair.Server.Close();

        await sleep.Within();
        user.Leave();
    }

    [Fact]
    public unsafe void Close_SomebodyIsInside_UnmapsWhenTheyLeave()
    {
        using var pair = new LinkPair(LinkKind.Bytes);
        var user = new User(pair.Server);
        pair.Server.AddReader(user);
        Assert.True(user.TryEnter());
        nint address = (nint)pair.Server.Incoming.Data;

        pair.Server.Close();

        Assert.True(IsMapped(address));
        pair.Server.Incoming.Data[0]++;
        user.Leave();
        Assert.True(pair.Server.IsUnmapped);
        Assert.False(user.TryEnter());
    }

    [Fact]
    public async Task Close_WhileOthersComeAndGo_NeverPullsTheMemoryAway()
    {
        for (int round = 0; round < 20; round++)
        {
            using var pair = new LinkPair(LinkKind.Bytes, 4096);
            var reader = new User(pair.Server);
            var writer = new User(pair.Server);
            pair.Server.AddReader(reader);
            pair.Server.AddWriter(writer);
            Task reads = OnItsOwnThread.Run(() => reader.UseUntilClosed(pair.Server.Incoming));
            Task writes = OnItsOwnThread.Run(() => writer.UseUntilClosed(pair.Server.Outgoing));
            await Eventually.TrueAsync(() => reader.Uses > 10 && writer.Uses > 10, "both are at it");

            pair.Server.Close();

            await Task.WhenAll(reads, writes).Within();
            Assert.True(pair.Server.IsUnmapped);
        }
    }

    private static unsafe void Announce(RingMemory ring, int word, uint bits) => Volatile.Write(ref *(uint*)(ring.Control + word), bits);

    private static unsafe void SleepAsReader(SharedMemoryLink link)
    {
        var word = (uint*)(link.Incoming.Control + SharedLayout.ReaderSleep);
        while (Volatile.Read(ref *word) != 0)
            SharedMemoryLink.FutexWait(word, SharedLayout.SleepsInFutex, null);
    }

    private static unsafe void WakeReaderOf(SharedMemoryLink link)
        => link.Wake((uint*)(link.Outgoing.Control + SharedLayout.ReaderSleep), (ulong*)(link.Outgoing.Control + SharedLayout.WriterWakes));

    private static unsafe (uint Sleep, ulong Wakes) Words(RingMemory ring)
        => (*(uint*)(ring.Control + SharedLayout.ReaderSleep), *(ulong*)(ring.Control + SharedLayout.WriterWakes));

    private static unsafe uint WordAt(RingMemory ring, int offset) => Volatile.Read(ref *(uint*)(ring.Control + offset));

    private static unsafe void SetByte(RingMemory ring, int offset, byte value) => ring.Data[offset] = value;

    private static unsafe byte ByteAt(RingMemory ring, int offset) => ring.Data[offset];

    private static bool IsMapped(nint address) => File.ReadLines("/proc/self/maps").Any(line => line.StartsWith($"{address:x}-", StringComparison.Ordinal));

    private sealed class User(SharedMemoryLink link) : ISegmentUser
    {
        private bool _isInside;

        public bool UsesSegment => Volatile.Read(ref _isInside);

        public int Uses { get; private set; }

        public bool TryEnter()
        {
            Volatile.Write(ref _isInside, true);
            if (!link.IsClosed)
                return true;
            Leave();
            return false;
        }

        public void Leave()
        {
            Volatile.Write(ref _isInside, false);
            if (link.IsClosed)
                link.ReleaseIfUnused();
        }

        public unsafe void UseUntilClosed(RingMemory ring)
        {
            while (TryEnter())
            {
                for (int i = 0; i < 100; i++)
                    ring.Data[i]++;
                Uses++;
                Leave();
            }
        }
    }
}
