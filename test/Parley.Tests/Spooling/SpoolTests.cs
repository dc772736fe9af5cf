using System.Text;

namespace Parley.Tests.Spooling;

/// <summary>What a spool keeps, and in which order it hands it out again.</summary>
public sealed class SpoolTests : IAsyncDisposable
{
    private const int Size = 200;
    private const int SlotSize = 64 + 256;

    private readonly TestFolder _folder = new();
    private readonly MessageChannel _sender;
    private readonly MessageChannel _source;

    public SpoolTests() => (_sender, _source) = MessageChannel.CreatePair(capacity: 100, maxMessageSize: Size);

    public async ValueTask DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _source.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_AfterUnacknowledged_DeliversThemFirstInOrder(bool fsync)
    {
        await SendAsync("1", "2", "3", "4");
        await using (MessageSpool spool = Open(fsync: fsync))
        {
            List<(string Text, MessageDelivery Delivery)> first = [await NextAsync(spool), await NextAsync(spool), await NextAsync(spool)];
            Assert.All(first, static got => Assert.False(got.Delivery.IsRedelivered));
            await first[1].Delivery.AcknowledgeAsync();
        }

        await using MessageSpool again = Open(fsync: fsync);
        foreach (string expected in (string[])["1", "3"])
        {
            (string text, MessageDelivery delivery) = await NextAsync(again);
            Assert.Equal((expected, true), (text, delivery.IsRedelivered));
            await delivery.AcknowledgeAsync();
        }

        Assert.Equal("4", (await NextAsync(again)).Text);
        Assert.Equal(1, again.Unacknowledged);
    }

    /// <summary>As a child has it that is being started, until its exec.</summary>
    [Fact]
    public async Task Open_DescriptorOfTheLastOneIsStillOpenElsewhere_IsNotInUse()
    {
        MessageSpool spool = Open();
        using Interop.Linux.DescriptorHandle elsewhere = Native.Duplicate(_folder["spool"]);
        await spool.DisposeAsync();

        await using MessageSpool again = Open();
        Assert.Equal(0, again.Unacknowledged);
    }

    [Fact]
    public async Task ReceiveAsync_SpoolIsFull_LeavesTheRestInTheSource()
    {
        await using MessageSpool spool = Open(slots: 2);
        await SendAsync("1", "2", "3");
        (_, MessageDelivery first) = await NextAsync(spool);
        await NextAsync(spool);
        Assert.False(spool.TryReceive(new byte[Size], out _));
        Task<(string Text, MessageDelivery)> waiting = NextAsync(spool);
        await first.AcknowledgeAsync();
        Assert.Equal("3", (await waiting).Text);
        Assert.Equal((2, 2), (spool.Capacity, spool.Unacknowledged));
    }

    [Fact]
    public async Task FillAsync_NobodyReceives_TakesAheadUntilItIsFull()
    {
        await using MessageSpool spool = Open(slots: 2);
        using var enough = new CancellationTokenSource();
        Task filling = spool.FillAsync(enough.Token);
        await SendAsync("1", "2", "3");
        await Eventually.TrueAsync(() => spool.Unacknowledged == 2, "the spool is full");
        (string text, MessageDelivery first) = await NextAsync(spool);
        Assert.Equal("1", text);
        await first.AcknowledgeAsync();
        await Eventually.TrueAsync(() => spool.Unacknowledged == 2, "the spool is full again");
        Assert.False(_source.TryReceive(new byte[Size], out _));
        Assert.Equal("2", (await NextAsync(spool)).Text);
        Assert.Equal("3", (await NextAsync(spool)).Text);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => filling.Within());
    }

    [Fact]
    public async Task FillAsync_SomebodyWaits_IsToldOfEachAndOfTheEnd()
    {
        await using MessageSpool spool = Open();
        Task filling = spool.FillAsync();
        for (int i = 0; i < 100; i++)
        {
            Task<(string Text, MessageDelivery Delivery)> next = NextAsync(spool);
            await SendAsync($"{i}");
            (string text, MessageDelivery delivery) = await next;
            Assert.Equal($"{i}", text);
            await delivery.AcknowledgeAsync();
        }

        Task<ReceivedMessage> end = spool.ReceiveAsync(new byte[Size]).AsTask();
        await _sender.CompleteSendsAsync();
        Assert.True((await end.Within()).IsEnd);
        await filling.Within();
    }

    [Fact]
    public async Task FillAsync_SpoolIsDisposed_Fails()
    {
        MessageSpool spool = Open();
        Task filling = spool.FillAsync();
        await SendAsync("1");
        await Eventually.TrueAsync(() => spool.Unacknowledged == 1, "the message was taken");

        await spool.DisposeAsync();

        Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => filling.Within())).Reason);
    }

    [Fact]
    public async Task ReceiveAsync_MessageId_IsTheSameAgainAndNoOthers()
    {
        await SendAsync("1", "2", "3");
        string[] first;
        await using (MessageSpool spool = Open())
        {
            first = [await NextIdAsync(spool, isDone: false), await NextIdAsync(spool, isDone: false)];
            Assert.NotEqual(first[0], first[1]);
        }

        await using (MessageSpool again = Open())
            Assert.Equal(first, new[] { await NextIdAsync(again, isDone: true), await NextIdAsync(again, isDone: true) });
        string third;
        await using (MessageSpool emptied = Open())
            third = await NextIdAsync(emptied, isDone: true);

        // Nothing is left in the file that had a number.
        await SendAsync("4");
        await using MessageSpool last = Open();
        Assert.DoesNotContain(await NextIdAsync(last, isDone: true), (string[])[.. first, third]);
    }

    [Fact]
    public async Task RequeueAsync_SomebodyWaits_IsDeliveredAgain()
    {
        await using MessageSpool spool = Open();
        await SendAsync("1");
        (_, MessageDelivery first) = await NextAsync(spool);
        Task<(string Text, MessageDelivery Delivery)> waiting = NextAsync(spool);
        await first.RequeueAsync();
        (string text, MessageDelivery delivery) = await waiting;
        Assert.Equal(("1", true), (text, delivery.IsRedelivered));
        await delivery.RejectAsync();
        await delivery.RequeueAsync();
        Assert.Equal(0, spool.Unacknowledged);
    }

    [Fact]
    public async Task ReceiveAsync_BufferTooSmall_StaysInTheSpool()
    {
        await using MessageSpool spool = Open();
        await SendAsync("long");
        Assert.Equal(Reason.TooLarge, Assert.Throws<ConnectionException>(() => spool.TryReceive(new byte[2], out _)).Reason);
        Assert.Equal("long", (await NextAsync(spool)).Text);
    }

    [Fact]
    public async Task ReceiveAllAsync_UntilTheEnd_AcknowledgesEach()
    {
        await using MessageSpool spool = Open();
        await SendAsync("1", "", "3");
        await _sender.CompleteSendsAsync();
        int count = 0;
        await foreach (Message message in spool.ReceiveAllAsync())
            count++;
        Assert.Equal((3, 0), (count, spool.Unacknowledged));
    }

    [Theory]
    [InlineData(4096 + 64)]
    [InlineData(4096 + 8)]
    [InlineData(4096 + 16)]
    [InlineData(4096)]
    public async Task Open_ByteIsDamaged_IsToldAndNotDelivered(int at)
    {
        await SendAsync("one", "two");
        await using (MessageSpool spool = Open())
        {
            await NextAsync(spool);
            await NextAsync(spool);
        }

        await using (FileStream file = File.Open(_folder["spool"], FileMode.Open))
        {
            file.Position = at;
            int before = file.ReadByte();
            file.Position = at;
            file.WriteByte((byte)(before ^ 1));
        }

        using var log = new RecordingLog();
        await using MessageSpool again = Open(log: log);
        Assert.Equal((1, 1), (again.Corrupt, again.Unacknowledged));
        Assert.True(log.Has("damaged"));
        Assert.Equal("two", (await NextAsync(again)).Text);
        Assert.False(again.TryReceive(new byte[Size], out _));
    }

    [Fact]
    public async Task Open_SecondUser_IsRefused()
    {
        await using MessageSpool spool = Open();
        Assert.Equal(Reason.InUse, Assert.Throws<ConnectionException>(() => Open()).Reason);
    }

    [Fact]
    public void Open_SymbolicLink_IsRefused()
    {
        File.WriteAllBytes(_folder["target"], []);
        File.CreateSymbolicLink(_folder["spool"], _folder["target"]);
        Assert.Equal(Reason.Denied, Assert.Throws<ConnectionException>(() => Open()).Reason);
    }

    [Fact]
    public void Open_FileThatOthersMayRead_IsRefused()
    {
        File.WriteAllBytes(_folder["spool"], []);
        File.SetUnixFileMode(_folder["spool"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Equal(Reason.Denied, Assert.Throws<ConnectionException>(() => Open()).Reason);
    }

    [SkippableFact]
    public async Task Open_AnotherUsersFile_IsRefused()
    {
        await Open().DisposeAsync();
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(_folder["spool"], (UnixFileMode)0x1B6);
        Exception? failure = await OtherUser.RunAsync(() => Record.Exception(() => Open()));
        Assert.Equal(Reason.Denied, Assert.IsType<ConnectionException>(failure).Reason);
        Assert.Contains("another user", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SomethingElse_IsRefusedAndLeftAlone()
    {
        byte[] other = Payload.Random(10_000);
        File.WriteAllBytes(_folder["spool"], other);
        File.SetUnixFileMode(_folder["spool"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(Reason.Corrupt, Assert.Throws<ConnectionException>(() => Open()).Reason);
        Assert.Equal(other, File.ReadAllBytes(_folder["spool"]));
    }

    private MessageSpool Open(int slots = 10, bool fsync = false, RecordingLog? log = null) => MessageSpool.Open(
        _source, new MessageSpoolOptions { Path = _folder["spool"], Capacity = 4096 + (slots * SlotSize), Fsync = fsync, LoggerFactory = log });

    private static async Task<string> NextIdAsync(MessageSpool spool, bool isDone)
    {
        ReceivedMessage received = await spool.ReceiveAsync(new byte[Size]).AsTask().Within();
        if (isDone)
            await received.Delivery!.AcknowledgeAsync();
        return received.Header.Properties![MessageHeader.MessageIdProperty];
    }

    private async Task SendAsync(params string[] messages)
    {
        foreach (string message in messages)
            await _sender.SendAsync(Encoding.UTF8.GetBytes(message)).Within();
    }

    private static async Task<(string Text, MessageDelivery Delivery)> NextAsync(MessageSpool spool)
    {
        byte[] buffer = new byte[Size];
        ReceivedMessage received = await spool.ReceiveAsync(buffer).Within();
        return (Encoding.UTF8.GetString(buffer, 0, received.Length), received.Delivery!);
    }
}
