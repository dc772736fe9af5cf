using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>How a channel in shared memory ends, and what it does about a peer that lies.</summary>
public sealed class ChannelTests : IDisposable
{
    private readonly LinkPair _links = new(LinkKind.Messages, SharedLayout.SmallestCapacity);

    public void Dispose() => _links.Dispose();

    [Fact]
    public async Task ReceiveAsync_PeerDied_GetsWhatWasPublishedAndThenThatItDied()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        var peer = new MessageRingWriter(_links.Server.Outgoing);
        Assert.True(peer.TryPut("one"u8));
        Assert.True(peer.TryPut("two"u8));
        _links.Server.Close();
        byte[] buffer = new byte[16];
        Assert.Equal(3, (await channel.ReceiveAsync(buffer).Within()).Length);
        Assert.Equal(3, (await channel.ReceiveAsync(buffer).Within()).Length);
        await ThrowsAsync(Reason.PeerDied, () => channel.ReceiveAsync(buffer).AsTask());
        await ThrowsAsync(Reason.PeerDied, () => channel.WaitToReceiveAsync().AsTask());
        await ThrowsAsync(Reason.PeerDied, () => channel.SendAsync(buffer).AsTask());
        await ThrowsAsync(Reason.PeerDied, () => Task.Run(() => channel.Receive(buffer, Limits.Wait)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_AsleepWhenThePeerDies_Throws(bool isBlocking)
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        byte[] buffer = new byte[16];
        Task receive = isBlocking
            ? OnItsOwnThread.Run(() => channel.Receive(buffer, Timeout.InfiniteTimeSpan))
            : channel.ReceiveAsync(buffer).AsTask();
        await Eventually.TrueAsync(() => Sleeps(_links.Client.Incoming, SharedLayout.ReaderSleep), "the receiver sleeps");
        _links.Server.Close();
        await ThrowsAsync(Reason.PeerDied, () => receive);
    }

    [Fact]
    public async Task Send_AsleepWhenDisposed_Throws()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        byte[] message = new byte[1000];
        while (channel.TrySend(message))
        {
        }

        Task send = OnItsOwnThread.Run(() => channel.Send(message, default, Timeout.InfiniteTimeSpan));
        await Eventually.TrueAsync(() => Sleeps(_links.Client.Outgoing, SharedLayout.WriterSleep), "the sender sleeps");
        Task dispose = channel.DisposeAsync().AsTask();
        await ThrowsAsync(Reason.Aborted, () => send);
        await ThrowsAsync(Reason.TimedOut, () => dispose);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Receive_LyingHeader_Corrupt_AndThePeerIsTold(bool isBlocking)
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        PutHeader(_links.Server.Outgoing, ulong.MaxValue);
        byte[] buffer = new byte[16];
        await ThrowsAsync(Reason.Corrupt, () => isBlocking ? Task.Run(() => channel.Receive(buffer, Limits.Wait)) : channel.ReceiveAsync(buffer).AsTask());
        await ThrowsAsync(Reason.Corrupt, () => channel.SendAsync(buffer).AsTask());
        await using SharedMemoryChannel peer = Channel(_links.Server);
        await ThrowsAsync(Reason.Reset, () => peer.ReceiveAsync(buffer).AsTask());
    }

    [Theory]
    [InlineData(SharedLayout.WriterState)]
    [InlineData(SharedLayout.ReaderState)]
    [InlineData(SharedLayout.Head)]
    public async Task Calls_LyingWord_Corrupt(int offset)
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        byte[] message = new byte[1000];
        while (channel.TrySend(message))
        {
        }

        bool isOfReceiving = offset == SharedLayout.WriterState;
        PutWord(isOfReceiving ? _links.Server.Outgoing : _links.Server.Incoming, offset, 0xFFFF0000);
        await ThrowsAsync(Reason.Corrupt, () => isOfReceiving ? channel.ReceiveAsync(message).AsTask() : channel.SendAsync(message).AsTask());
    }

    [Fact]
    public async Task Dispose_PeerIsGoneWithoutHavingTakenAll_SaysSo()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        Assert.True(channel.TrySend("lost"u8));
        _links.Server.Close();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.DisposeAsync().Within());
        Assert.Equal((Step.Close, Reason.PeerDied), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task Dispose_TheOtherReadsOn_AndGetsAllAndTheEnd()
    {
        SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        for (int i = 0; i < 10; i++)
            Assert.True(channel.TrySend(new byte[i]));
        Task dispose = channel.DisposeAsync().AsTask();
        byte[] buffer = new byte[16];
        for (int i = 0; i < 10; i++)
            Assert.Equal(i, (await peer.ReceiveAsync(buffer).Within()).Length);
        Assert.True((await peer.ReceiveAsync(buffer).Within()).IsEnd);
        await peer.DisposeAsync();
        await dispose.Within();
    }

    [Fact]
    public async Task SendBatchAsync_OneIsTooLarge_ThoseBeforeItAreSent()
    {
        await using SharedMemoryChannel channel = Channel(_links.Client);
        await using SharedMemoryChannel peer = Channel(_links.Server);
        ReadOnlyMemory<byte>[] messages = [new byte[1], new byte[2], new byte[channel.MaxMessageSize + 1], new byte[3]];
        await ThrowsAsync(Reason.TooLarge, () => channel.SendBatchAsync(messages).AsTask());
        Assert.Equal(2, channel.Statistics.MessagesSent);
        var batch = new MessageBatch(8, 16);
        Assert.Equal(2, await peer.ReceiveBatchAsync(batch).Within());
    }

    [Fact]
    public void SingleReader_SecondThread_IsFoundOut()
    {
        var gate = default(RingGate);
        gate.Enter(isAlone: true);
        Assert.Throws<InvalidOperationException>(() => gate.Enter(isAlone: true));
        gate.Leave();
        gate.Enter(isAlone: true);
    }

    private static SharedMemoryChannel Channel(SharedMemoryLink link)
        => new(link, null, null, new MessageChannelOptions { CloseTimeout = TimeSpan.FromMilliseconds(200) }.Snapshot());

    private static unsafe void PutHeader(RingMemory ring, ulong header) => *(ulong*)ring.Data = header;

    private static unsafe void PutWord(RingMemory ring, int offset, uint value) => *(uint*)(ring.Control + offset) = value;

    private static unsafe bool Sleeps(RingMemory ring, int word) => Volatile.Read(ref *(uint*)(ring.Control + word)) != 0;

    private static async Task ThrowsAsync(Reason reason, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True(failure.Reason == reason, $"{failure.Reason} instead of {reason}: {failure}");
    }
}
