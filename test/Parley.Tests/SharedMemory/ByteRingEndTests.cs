using System.IO.Pipelines;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>How a peer goes or misbehaves, and what is made of it.</summary>
public sealed class ByteRingEndTests
{
    private const int Capacity = SharedLayout.SmallestCapacity;
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    /// <summary>A process that dies leaves its socket's end behind, and no state: what it published is read first.</summary>
    [Fact]
    public async Task ReadAsync_PeersSocketEnds_GivesWhatWasPublishedAndThenPeerDied()
    {
        await using BytePair pair = BytePair.Connect();
        await Talk.SendAsync(pair.Client, "last words").Within();

        pair.ClientLink.Close();

        ReadResult result = await pair.Server.Input.ReadAsync().Within();
        Assert.Equal(10, result.Buffer.Length);
        Assert.False(result.IsCompleted);
        pair.Server.Input.AdvanceTo(result.Buffer.End);
        await FailsAsync(Reason.PeerDied, Step.Read, () => pair.Server.Input.ReadAsync().AsTask());
        await FailsAsync(Reason.PeerDied, Step.Read, () => pair.Server.Input.ReadAsync().AsTask());
        await FailsAsync(Reason.PeerDied, Step.Write, () => Talk.SendAsync(pair.Server, "anybody?"));
        await Eventually.CancelledAsync(pair.Server.Closed);
        Assert.True(pair.Server.Statistics.EndedByPeer);
    }

    [Fact]
    public async Task Waits_PeersSocketEnds_EndWithPeerDied()
    {
        await using BytePair pair = BytePair.Connect();
        Task read = pair.Server.Input.ReadAsync().AsTask();
        Task write = Talk.SendAsync(pair.Server, new byte[2 * Capacity]);
        Assert.False(read.IsCompleted);
        Assert.False(write.IsCompleted);

        pair.ClientLink.Close();

        await FailsAsync(Reason.PeerDied, Step.Read, () => read);
        ConnectionException failure = await FailsAsync(Reason.PeerDied, Step.Write, () => write);
        Assert.Equal(Capacity, failure.UndeliveredBytes);
    }

    [Fact]
    public async Task DisposeAsync_SomebodyWaitsForDelivery_ThatWaitEndsAndTheCloseGoesOn()
    {
        await using BytePair pair = BytePair.Connect();
        await Talk.SendAsync(pair.Client, new byte[100]).Within();
        Task delivery = pair.Client.WaitForDeliveryAsync().AsTask();
        Assert.False(delivery.IsCompleted);

        Task dispose = pair.Client.DisposeAsync().AsTask();

        await FailsAsync(Reason.Aborted, Step.Write, () => delivery);
        Assert.False(dispose.IsCompleted);
        Assert.Equal(100, (await Talk.ReadExactlyAsync(pair.Server, 100).Within()).Length);
        await pair.Server.DisposeAsync().Within();
        await dispose.Within();
    }

    [Fact]
    public async Task DisposeAsync_PeerNeverStopsPublishing_EndsInTime()
    {
        await using BytePair pair = BytePair.Connect(capacity: SharedLayout.DefaultCapacity, configure: options => options.CloseTimeout = Short);
        bool isOver = false;
        Task flood = OnItsOwnThread.Run(() => PublishForEver(pair.ClientLink.Outgoing, ref isOver));
        try
        {
            await Task.Run(() => pair.Server.DisposeAsync().AsTask()).Within();
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await flood.Within();
        }
    }

    [Fact]
    public async Task DisposeAsync_PeerDiedWithBytesInTheRing_TellsHowManyWereLost()
    {
        await using BytePair pair = BytePair.Connect();
        await Talk.SendAsync(pair.Server, new byte[1000]).Within();
        Assert.Equal(400, (await Talk.ReadExactlyAsync(pair.Client, 400).Within()).Length);
        pair.ClientLink.Close();

        ConnectionException failure = await FailsAsync(Reason.PeerDied, Step.Close, () => pair.Server.DisposeAsync().AsTask());

        Assert.Equal(600, failure.UndeliveredBytes);
    }

    [Fact]
    public async Task DisposeAsync_PeerDiedHavingTakenAll_SaysNothing()
    {
        await using BytePair pair = BytePair.Connect();
        await Talk.SendAsync(pair.Server, new byte[1000]).Within();
        Assert.Equal(1000, (await Talk.ReadExactlyAsync(pair.Client, 1000).Within()).Length);
        pair.ClientLink.Close();

        await pair.Server.DisposeAsync().Within();
    }

    /// <summary>Whatever stands there is refused as soon as it is looked at, and nothing is read by it.</summary>
    [Theory]
    [InlineData(Capacity + 1)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public async Task ReadAsync_TailThatCannotBe_IsCorrupt(long tail)
    {
        await using BytePair pair = BytePair.Connect();
        Task read = pair.Server.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);

        Set(pair.ClientLink.Outgoing, SharedLayout.Tail, tail);
        Wake(pair.ClientLink);

        await FailsAsync(Reason.Corrupt, Step.Read, () => read);
        await Eventually.CancelledAsync(pair.Server.Closed);
        await FailsAsync(Reason.Corrupt, Step.Read, () => pair.Server.Output.WriteAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task ReadAsync_TailThatGoesBackwards_IsCorrupt()
    {
        await using BytePair pair = BytePair.Connect();
        await Talk.SendAsync(pair.Client, new byte[100]).Within();
        ReadResult result = await pair.Server.Input.ReadAsync().Within();
        pair.Server.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        Set(pair.ClientLink.Outgoing, SharedLayout.Tail, 50);

        await FailsAsync(Reason.Corrupt, Step.Read, () => pair.Server.Input.ReadAsync().AsTask());
    }

    [Theory]
    [InlineData(Capacity + 1)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public async Task WriteAsync_HeadThatCannotBe_IsCorrupt(long head)
    {
        await using BytePair pair = BytePair.Connect();
        Task write = Talk.SendAsync(pair.Server, new byte[2 * Capacity]);
        Assert.False(write.IsCompleted);

        Set(pair.ClientLink.Incoming, SharedLayout.Head, head);
        Wake(pair.ClientLink);

        await FailsAsync(Reason.Corrupt, Step.Write, () => write);
        await Eventually.CancelledAsync(pair.Server.Closed);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    public async Task Calls_StatesThatCannotBe_AreCorrupt(int state)
    {
        await using BytePair pair = BytePair.Connect();
        Set(pair.ClientLink.Outgoing, SharedLayout.WriterState, state);

        await FailsAsync(Reason.Corrupt, Step.Read, () => pair.Server.Input.ReadAsync().AsTask());

        await using BytePair other = BytePair.Connect();
        Set(other.ClientLink.Incoming, SharedLayout.ReaderState, state);

        await FailsAsync(Reason.Corrupt, Step.Write, () => Talk.SendAsync(other.Server, "x"));
    }

    /// <summary>A wake is a hint: one for nothing wakes nobody, and is no end.</summary>
    [Fact]
    public async Task Waits_WokenForNothing_GoOn()
    {
        await using BytePair pair = BytePair.Connect();
        Task<ReadResult> read = pair.Server.Input.ReadAsync().AsTask();
        for (int i = 0; i < 1000; i++)
            Wake(pair.ClientLink);
        Assert.False(read.IsCompleted);

        await Talk.SendAsync(pair.Client, "something").Within();

        Assert.Equal(9, (await read.Within()).Buffer.Length);
    }

    [Fact]
    public async Task IdleTimeout_NothingMoves_BreaksReadAndWrite()
    {
        await using BytePair reading = BytePair.Connect(configure: options => options.IdleTimeout = Short);
        await FailsAsync(Reason.TimedOut, Step.Read, () => reading.Server.Input.ReadAsync().AsTask());

        await using BytePair writing = BytePair.Connect(configure: options => options.IdleTimeout = Short);
        await FailsAsync(Reason.TimedOut, Step.Write, () => Talk.SendAsync(writing.Server, new byte[2 * Capacity]));
    }

    [Fact]
    public async Task WriteTimeout_PeerTakesNothing_BreaksAndCountsWhatWasLost()
    {
        await using BytePair pair = BytePair.Connect(configure: options => options.WriteTimeout = Short);

        ConnectionException failure = await FailsAsync(Reason.TimedOut, Step.Write, () => Talk.SendAsync(pair.Server, new byte[3 * Capacity]));

        Assert.Equal(3 * Capacity, failure.UndeliveredBytes);
        await Eventually.CancelledAsync(pair.Server.Closed);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(3 * Capacity)]
    public async Task CloseTimeout_PeerTakesNothing_BoundsTheDisposeAndCountsWhatWasLost(int size)
    {
        await using BytePair pair = BytePair.Connect(configure: options => options.CloseTimeout = Short);
        pair.Server.Output.GetSpan(size)[..size].Fill(1);
        pair.Server.Output.Advance(size);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => pair.Server.DisposeAsync().Within());

        Assert.Equal((Reason.TimedOut, size), (failure.Reason, failure.UndeliveredBytes));
    }

    [Fact]
    public async Task CloseTimeout_PeerHasAllButStays_EndsQuietly()
    {
        await using BytePair pair = BytePair.Connect(configure: options => options.CloseTimeout = Short);
        await Talk.SendAsync(pair.Server, "all").Within();
        Assert.Equal("all", await Talk.ReadTextAsync(pair.Client, 3).Within());

        await pair.Server.DisposeAsync().Within();
    }

    /// <summary>The segment lives until both have unmapped it. A close that could not deliver all is no clean end.</summary>
    [Fact]
    public async Task ReadAsync_PeerHasGivenUp_FindsWhatWasSentAndThenAReset()
    {
        await using BytePair pair = BytePair.Connect(configure: options => options.CloseTimeout = Short);
        await Talk.SendAsync(pair.Client, "still there").Within();
        await FailsAsync(Reason.TimedOut, Step.Close, () => pair.Client.DisposeAsync().AsTask());

        Assert.Equal("still there", await Talk.ReadTextAsync(pair.Server, 11).Within());
        await FailsAsync(Reason.Reset, Step.Read, () => pair.Server.Input.ReadAsync().AsTask());
    }

    private static async Task<ConnectionException> FailsAsync(Reason reason, Step step, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True((failure.Reason, failure.Step) == (reason, step), $"{failure}");
        return failure;
    }

    private static unsafe void Set(RingMemory ring, int offset, long value) => Volatile.Write(ref *(long*)(ring.Control + offset), value);

    private static unsafe void Set(RingMemory ring, int offset, int value) => Volatile.Write(ref *(int*)(ring.Control + offset), value);

    private static void Wake(SharedMemoryLink link) => link.Socket.Transmit([1], moreFollows: false);

    private static unsafe void PublishForEver(RingMemory ring, ref readonly bool isOver)
    {
        ref ulong tail = ref *(ulong*)(ring.Control + SharedLayout.Tail);
        ref ulong head = ref *(ulong*)(ring.Control + SharedLayout.Head);
        while (!Volatile.Read(in isOver))
        {
            for (ulong most = Volatile.Read(ref head) + (ulong)ring.Capacity, i = 0; tail < most && i < 10_000; i++)
                Volatile.Write(ref tail, tail + 1);
        }
    }
}
