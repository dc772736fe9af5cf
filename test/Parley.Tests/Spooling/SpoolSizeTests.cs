using System.Buffers.Binary;
using Parley.Tests.SharedMemory;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.Spooling;

/// <summary>A spool for a channel whose messages may be longer than it: it takes what comes, and not what could.</summary>
public sealed class SpoolSizeTests : IAsyncDisposable
{
    private const int Capacity = 4 << 20;

    // A page for the file's header, and a line for the slot's.
    private const int Longest = Capacity - 4096 - 64;

    private readonly TestFolder _folder = new();
    private readonly LinkPair _links = new(LinkKind.Messages, 32 << 20);
    private readonly SharedMemoryChannel _sender;
    private readonly SharedMemoryChannel _source;

    public SpoolSizeTests()
    {
        _sender = Channel(_links.Client);
        _source = Channel(_links.Server);
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        try
        {
            await _sender.DisposeAsync();
        }
        catch (ConnectionException)
        {
            // What a test leaves in the ring is not taken.
        }

        _links.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReceiveAllAsync_LongMessagesAmongShortOnes_ReceivesAll(bool fsync)
    {
        Assert.True(_source.MaxMessageSize > Capacity);
        await using MessageSpool spool = Open(fsync);
        Assert.Equal(Longest, spool.MaxMessageSize);
        int[] lengths = [1, 2000, 100_000, 70_000, Longest, 0, 3, 2_000_000, 65_536];
        Task send = SizedMessages.SendAllAsync(_sender, lengths);

        await SizedMessages.ReceiveAllAsync(spool, lengths);

        await send.Within();
        Assert.Equal(0, spool.Unacknowledged);
    }

    [Fact]
    public async Task Open_LargeRing_HasRoomForManyShortMessages()
    {
        await using MessageSpool spool = Open();
        for (int i = 0; i < 50; i++)
            Assert.True(_sender.TrySend(SizedMessages.Of(i)));

        for (int i = 0; i < 50; i++)
            Assert.Equal(i, (await NextAsync(spool)).Length);

        Assert.Equal(50, spool.Unacknowledged);
    }

    [Fact]
    public async Task ReceiveAsync_LongerThanTheSpool_IsRefusedAndStaysInTheSource()
    {
        await using MessageSpool spool = Open();
        Assert.True(_sender.TrySend("short"u8));
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest + 1)));
        Assert.Equal(5, (await NextAsync(spool)).Length);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => NextAsync(spool));

        Assert.Equal((Step.Receive, Reason.TooLarge), (failure.Step, failure.Reason));
        Assert.Contains($"a message of {Longest + 1} bytes", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"at most {Longest}", failure.Message, StringComparison.Ordinal);
        Assert.Equal(Reason.TooLarge, (await Assert.ThrowsAsync<ConnectionException>(() => spool.FillAsync().Within())).Reason);
        Assert.Equal(1, spool.Unacknowledged);
        Assert.Equal(Longest + 1, (await _source.ReceiveAsync(new byte[_source.MaxMessageSize]).Within()).Length);
        Assert.True(_sender.TrySend("next"u8));
        Assert.Equal(4, (await NextAsync(spool)).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReceiveAsync_LongMessage_WaitsForThoseBeforeIt(bool isFilled)
    {
        await using MessageSpool spool = Open();
        using var enough = new CancellationTokenSource();
        Task filling = isFilled ? spool.FillAsync(enough.Token) : Task.CompletedTask;
        Assert.True(_sender.TrySend("one"u8));
        Assert.True(_sender.TrySend("two"u8));
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));
        ReceivedMessage first = await NextAsync(spool);
        ReceivedMessage second = await NextAsync(spool);
        Task<ReceivedMessage> third = NextAsync(spool);

        await second.Delivery!.AcknowledgeAsync();
        await first.Delivery!.RequeueAsync();
        ReceivedMessage again = await third.Within();
        Assert.Equal((3, true), (again.Length, again.Delivery!.IsRedelivered));
        third = NextAsync(spool);
        Assert.False(third.IsCompleted);
        await again.Delivery.AcknowledgeAsync();

        Assert.Equal(Longest, (await third.Within()).Length);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => isFilled ? filling.Within() : Task.FromCanceled(enough.Token));
    }

    [Fact]
    public async Task Open_AfterALongMessage_DeliversItAgainAndThenHasManySlots()
    {
        byte[] buffer = new byte[Longest];
        await using (MessageSpool spool = Open())
        {
            Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));
            await NextAsync(spool);
            Assert.Equal(1, spool.Capacity);
        }

        await using (MessageSpool again = Open())
        {
            ReceivedMessage received = await again.ReceiveAsync(buffer).Within();
            Assert.Equal(SizedMessages.Of(Longest), buffer);
            Assert.True(received.Delivery!.IsRedelivered);
            await received.Delivery.AcknowledgeAsync();
        }

        await using MessageSpool emptied = Open();
        Assert.InRange(emptied.Capacity, 50, int.MaxValue);
    }

    [Fact]
    public async Task ReceiveAsync_ManyShortMessagesAfterALongOne_HasManySlotsAgain()
    {
        await using MessageSpool spool = Open();
        int before = spool.Capacity;
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));
        await (await NextAsync(spool)).Delivery!.AcknowledgeAsync();
        Assert.Equal(1, spool.Capacity);

        for (int i = 0; i < 100; i++)
        {
            Assert.True(_sender.TrySend(SizedMessages.Of(i)));
            ReceivedMessage received = await NextAsync(spool);
            Assert.Equal(i, received.Length);
            await received.Delivery!.AcknowledgeAsync();
        }

        Assert.Equal(before, spool.Capacity);
    }

    /// <summary>The process was killed while it made other slots, of which there were none with a message.</summary>
    [Fact]
    public async Task Open_RemakingWasInterrupted_IsAsNew()
    {
        await using (MessageSpool spool = Open())
            Assert.Equal(0, spool.Unacknowledged);
        byte[] file = File.ReadAllBytes(_folder["spool"]);
        BinaryPrimitives.WriteUInt64LittleEndian(file, Parley.Transports.Spooling.SpoolHeader.RemakingMagic);
        file.AsSpan(12, 4).Fill(0xFF);
        file.AsSpan(4096).Fill(0x55);
        File.WriteAllBytes(_folder["spool"], file);

        await using MessageSpool again = Open();

        Assert.Equal((0, 0), (again.Unacknowledged, again.Corrupt));
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));
        Assert.Equal(Longest, (await NextAsync(again)).Length);
    }

    /// <summary>The room that a file without messages has is not given back to be asked for again: others take it meanwhile.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_NothingInItAndTheDeviceIsFull_KeepsItsRoom(bool isInterrupted)
    {
        // So large that it takes a while to get it anew.
        const int Large = 128 << 20;
        await using MessageSpool again = await OwnMounts.RunAsync(() =>
        {
            OwnMounts.Mount("tmpfs", _folder.Path, $"mode=0700,size={Large + (64 * 1024)}");
            LeaveLargeSlots(Large, isInterrupted);
            using var neighbour = new GreedyNeighbour(_folder["neighbour"]);
            return Open(capacity: Large);
        });

        Assert.Equal((0, 0), (again.Unacknowledged, again.Corrupt));
        Assert.InRange(again.Capacity, 50, int.MaxValue);
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));
        Assert.Equal(Longest, (await NextAsync(again)).Length);
    }

    [Fact]
    public async Task ReceiveAsync_DamagedMessageInTheSpool_LeavesItAndRefusesLongOnes()
    {
        await using (MessageSpool spool = Open())
        {
            Assert.True(_sender.TrySend("damaged"u8));
            await NextAsync(spool);
        }

        byte[] file = File.ReadAllBytes(_folder["spool"]);
        file[4096 + 64] ^= 1;
        File.WriteAllBytes(_folder["spool"], file);
        await using MessageSpool again = Open();
        Assert.Equal(1, again.Corrupt);
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => NextAsync(again));

        Assert.Equal(Reason.TooLarge, failure.Reason);
        Assert.Contains("damaged", failure.Message, StringComparison.Ordinal);

        // Whoever takes a larger buffer for a longer message does not take it again and again.
        failure = await Assert.ThrowsAsync<ConnectionException>(() => Task.Run(() => new MessageRelay(again).MoveAsync(_source).AsTask()).Within());
        Assert.Equal(Reason.TooLarge, failure.Reason);
    }

    private MessageSpool Open(bool fsync = false, int capacity = Capacity)
        => MessageSpool.Open(_source, new MessageSpoolOptions { Path = _folder["spool"], Capacity = capacity, Fsync = fsync });

    private void LeaveLargeSlots(int capacity, bool isInterrupted)
    {
        MessageSpool spool = Open(capacity: capacity);
        Assert.True(_sender.TrySend(SizedMessages.Of(Longest)));
        Assert.True(spool.TryReceive(new byte[Longest], out ReceivedMessage received));
        Assert.True(received.Delivery!.AcknowledgeAsync().AsTask().IsCompletedSuccessfully);
        Assert.InRange(spool.Capacity, 1, 40);
        Assert.True(spool.DisposeAsync().AsTask().IsCompletedSuccessfully);
        if (!isInterrupted)
            return;
        byte[] magic = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(magic, Parley.Transports.Spooling.SpoolHeader.RemakingMagic);
        using FileStream file = File.Open(_folder["spool"], FileMode.Open);
        file.Write(magic);
    }

    private static Task<ReceivedMessage> NextAsync(MessageSpool spool) => spool.ReceiveAsync(new byte[Longest]).Within();

    private static SharedMemoryChannel Channel(SharedMemoryLink link)
        => new(link, null, null, new MessageChannelOptions { CloseTimeout = TimeSpan.FromMilliseconds(200) }.Snapshot());
}
