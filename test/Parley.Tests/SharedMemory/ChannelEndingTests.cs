using System.Buffers;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>How a channel in shared memory ends where the other side, or a call on this one, is in the middle of something.</summary>
public sealed class ChannelEndingTests : IDisposable
{
    private readonly LinkPair _links = new(LinkKind.Messages, SharedLayout.SmallestCapacity, inline: true);

    public void Dispose() => _links.Dispose();

    /// <summary>Killed or stopped between taking the word down and waking: Waking in section 7 of the protocol.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_PeerHasTakenTheWordDownAndNotWoken_TheEndWakesIt(bool peerDies)
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        string thread = "";
        Task receive = OnItsOwnThread.Run(() =>
        {
            Volatile.Write(ref thread, File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)!.FullName);
            channel.Receive(new byte[16], Timeout.InfiniteTimeSpan);
        });
        await Eventually.TrueAsync(() => IsInFutex(Volatile.Read(ref thread), _links.Client.Incoming, SharedLayout.ReaderSleep), "the receiver sleeps");
        TakeDown(_links.Server.Outgoing, SharedLayout.ReaderSleep);

        Task dispose = Task.CompletedTask;
        if (peerDies)
            _links.Server.Close();
        else
            dispose = channel.DisposeAsync().AsTask();

        await ThrowsAsync(peerDies ? Reason.PeerDied : Reason.Aborted, () => receive);
        await dispose.Within();
        await channel.DisposeAsync();
    }

    [Fact]
    public async Task SendBatchAsync_MemoryThatCannotBeRead_LeavesTheChannelUsable()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        using var gone = new GoneMemory();
        ReadOnlyMemory<byte>[] messages = [new byte[1], gone.Memory];

        await Assert.ThrowsAsync<ObjectDisposedException>(() => channel.SendBatchAsync(messages).AsTask());

        Assert.True(await Task.Run(() => channel.TrySend("more"u8)).Within());
        Assert.Equal(1, (await peer.ReceiveAsync(new byte[8]).Within()).Length);
        Assert.Equal(4, (await peer.ReceiveAsync(new byte[8]).Within()).Length);
    }

    /// <summary>The last call of many in a row gives way to others first, and must not take the wait of the dispose for its own.</summary>
    [Fact]
    public async Task ReceiveAsync_ManyInARowWhileItIsDisposed_AllSayAborted()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        Task<Exception?[]> calls = ReceiveOnLoopAsync(channel);
        Assert.True(peer.TrySend("go"u8));

        Assert.All(await calls.Within(), failure => Assert.Equal(Reason.Aborted, Assert.IsType<ConnectionException>(failure).Reason));
    }

    /// <summary>Code on the loop's thread that has something to do in every round gives way to the others, and to those who wait for memory.</summary>
    [Fact]
    public async Task ReceiveAsync_OnLoopThatIsBusyInEveryRound_GetsTheMessage()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        bool isOver = false;
        Task<ReceivedMessage> second = null!;
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task loop = BeBusyAsync();
        Assert.True(peer.TrySend("go"u8));
        await waits.Task.Within();
        try
        {
            Assert.True(peer.TrySend("second"u8));
            Assert.Equal(6, (await second.Within()).Length);
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await loop.Within();
        }

        async Task BeBusyAsync()
        {
            byte[] buffer = new byte[8];
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            Assert.True(EventLoop.Shared.IsCurrent);
            second = channel.ReceiveAsync(buffer).AsTask();
            var turns = new Readiness(EventLoop.Shared, inline: true);
            for (int i = 0; !Volatile.Read(ref isOver); i++)
            {
                if (i == 3)
                    waits.SetResult();
                turns.Forget();
                await turns.YieldAsync().ConfigureAwait(false);
            }
        }
    }

    [Fact]
    public async Task Dispose_PeerDiedAfterItHadReceivedAll_IsContent()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        SharedMemoryChannel peer = Channel(_links.Server);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(channel.TrySend("received"u8));
            Assert.True(peer.TryReceive(new byte[8], out _));
        }

        _links.Server.Close();

        await channel.DisposeAsync().Within();
    }

    [Fact]
    public async Task Dispose_PeerDiedAfterItHadReceivedSome_SaysSo()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        SharedMemoryChannel peer = Channel(_links.Server);
        for (int i = 0; i < 3; i++)
            Assert.True(channel.TrySend("received"u8));
        Assert.True(peer.TryReceive(new byte[8], out _));
        _links.Server.Close();

        await ThrowsAsync(Reason.PeerDied, () => channel.DisposeAsync().AsTask());
    }

    /// <summary>Nothing is dropped in silence: what the other side sent and this one leaves behind it is told of, and what was sent to it before it has.</summary>
    [Fact]
    public async Task Dispose_LeavesMessagesBehind_ThePeerIsTold()
    {
        SharedMemoryChannel channel = Channel(_links.Client, closeTimeout: Limits.Transfer);
        SharedMemoryChannel peer = Channel(_links.Server);
        Assert.True(channel.TrySend("answer"u8));
        for (int i = 0; i < 3; i++)
            Assert.True(peer.TrySend("question"u8));
        Assert.True(channel.TryReceive(new byte[8], out _));

        Task dispose = channel.DisposeAsync().AsTask();

        Assert.Equal(6, (await peer.ReceiveAsync(new byte[8]).Within()).Length);
        Assert.True((await peer.ReceiveAsync(new byte[8]).Within()).IsEnd);
        await dispose.Within();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => peer.DisposeAsync().AsTask().Within());
        Assert.Equal((Step.Close, Reason.Reset), (failure.Step, failure.Reason));
        Assert.Equal(2 * SharedLayout.RecordAlignment, failure.UndeliveredBytes);
    }

    /// <summary>The peer is stopped, or busy with something else: what it has not taken is told, and stays in the ring for it.</summary>
    [Fact]
    public async Task Dispose_PeerTakesNothingInTime_Throws()
    {
        SharedMemoryChannel channel = Channel(_links.Client, closeTimeout: TimeSpan.FromMilliseconds(50));
        await using SharedMemoryChannel peer = Channel(_links.Server);
        Assert.True(channel.TrySend("first"u8));
        Assert.True(channel.TrySend("second"u8));
        Assert.Equal(5, (await peer.ReceiveAsync(new byte[8]).Within()).Length);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().AsTask().Within());

        Assert.Equal((Step.Close, Reason.TimedOut), (failure.Step, failure.Reason));
        Assert.Equal(SharedLayout.RecordAlignment, failure.UndeliveredBytes);
        Assert.Contains("within 0.05 s", failure.Cause, StringComparison.Ordinal);
        Assert.Equal(6, (await peer.ReceiveAsync(new byte[8]).Within()).Length);
        Assert.True((await peer.ReceiveAsync(new byte[8]).Within()).IsEnd);
    }

    /// <summary>Also what comes while it waits for the other side's end.</summary>
    [Fact]
    public async Task Dispose_AMessageComesMeanwhile_ThePeerIsTold()
    {
        SharedMemoryChannel channel = Channel(_links.Client, closeTimeout: Limits.Transfer);
        SharedMemoryChannel peer = Channel(_links.Server);
        Task dispose = channel.DisposeAsync().AsTask();
        await Eventually.TrueAsync(() => IsAnnounced(_links.Client.Incoming, SharedLayout.ReaderSleep), "the dispose waits");

        Assert.True(peer.TrySend("late"u8));

        await dispose.Within();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => peer.DisposeAsync().AsTask().Within());
        Assert.Equal(SharedLayout.RecordAlignment, failure.UndeliveredBytes);
    }

    /// <summary>Also where a send has heard of the death already: what was on the way before that is something else.</summary>
    [Fact]
    public async Task Dispose_SendHasHeardOfTheDeath_SaysWhatWasNotReceived()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        Assert.True(channel.TrySend("not received"u8));
        _links.Server.Close();
        await ThrowsAsync(Reason.PeerDied, async () =>
        {
            while (true)
                await channel.SendAsync(new byte[100]);
        });

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().AsTask().Within());

        Assert.Equal((Step.Close, Reason.PeerDied), (failure.Step, failure.Reason));
        Assert.True(failure.UndeliveredBytes >= 12, $"{failure.UndeliveredBytes} bytes");
    }

    /// <summary>Whoever waited goes on within the call that ends the wait, and may use the channel.</summary>
    [Fact]
    public async Task CompleteSendsAsync_SendWaitsOnTheLoop_EndsItAndReturns()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        Task<ConnectionException> sends = FillOnLoopAsync(channel);
        Assert.True(peer.TrySend("go"u8));
        await Eventually.TrueAsync(() => IsAnnounced(_links.Client.Outgoing, SharedLayout.WriterSleep), "the sender waits");

        await Task.Run(() => channel.CompleteSendsAsync().AsTask()).Within();

        Assert.Equal(Step.Send, (await sends.Within()).Step);
        byte[] buffer = new byte[1000];
        while (!(await peer.ReceiveAsync(buffer).Within()).IsEnd)
        {
        }

        static async Task<ConnectionException> FillOnLoopAsync(SharedMemoryChannel channel)
        {
            await channel.ReceiveAsync(new byte[8]).ConfigureAwait(false);
            Assert.True(EventLoop.Shared.IsCurrent);
            try
            {
                while (true)
                    await channel.SendAsync(new byte[1000]).ConfigureAwait(false);
            }
            catch (ConnectionException failure)
            {
                Assert.Throws<ConnectionException>(() => channel.TrySend("after that"u8));
                return failure;
            }
        }
    }

    private static async Task<Exception?[]> ReceiveOnLoopAsync(SharedMemoryChannel channel)
    {
        byte[] buffer = new byte[8];
        await channel.ReceiveAsync(buffer).ConfigureAwait(false);
        Assert.True(EventLoop.Shared.IsCurrent);
        Task dispose = channel.DisposeAsync().AsTask();
        Task<ReceivedMessage>[] calls = [.. Enumerable.Range(0, 40).Select(_ => channel.ReceiveAsync(buffer).AsTask())];
        await Task.WhenAll([dispose, .. calls]).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await dispose;
        return [.. calls.Select(call => call.Exception?.InnerException)];
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link, TimeSpan? closeTimeout = null) => new(
        link, null, null, new MessageChannelOptions { CloseTimeout = closeTimeout ?? TimeSpan.FromMilliseconds(200), RunContinuationsInline = true }.Snapshot());

    private static unsafe void TakeDown(RingMemory ring, int word) => Interlocked.Exchange(ref *(uint*)(ring.Control + word), 0);

    private static unsafe bool IsAnnounced(RingMemory ring, int word) => Volatile.Read(ref *(uint*)(ring.Control + word)) != 0;

    // The number of the system call and its arguments.
    private static unsafe bool IsInFutex(string thread, RingMemory ring, int word)
        => thread.Length > 0 && File.ReadAllText($"{thread}/syscall").Split(' ') is [_, var address, ..] && address == $"0x{(nint)(ring.Control + word):x}";

    private static async Task ThrowsAsync(Reason reason, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True(failure.Reason == reason, $"{failure.Reason} instead of {reason}: {failure}");
    }

    private sealed class GoneMemory : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(4);

        public override Span<byte> GetSpan() => throw new ObjectDisposedException(nameof(GoneMemory));

        public override MemoryHandle Pin(int elementIndex = 0) => throw new ObjectDisposedException(nameof(GoneMemory));

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
