using System.IO.Pipelines;

namespace Parley.Tests.Fifos;

/// <summary>How a FIFO ends for each side, and what becomes of bytes that nobody has read.</summary>
public sealed class EndTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    [Fact]
    public async Task ReadAsync_SeveralWriters_EndsWithTheLast()
    {
        Task<Connection> connect = _fifo.ReceiveAsync();
        FileStream first = await _fifo.OpenWriterAsync().Within();
        FileStream second = await _fifo.OpenWriterAsync().Within();
        await using Connection reader = await connect.Within();

        first.Write("one "u8);
        await first.DisposeAsync();
        Assert.Equal("one ", await Talk.ReadTextAsync(reader, 4).Within());
        Task<ReadResult> read = reader.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);
        await second.DisposeAsync();

        Assert.True((await read.Within()).IsCompleted);
        Assert.True(reader.Statistics.EndedByPeer);
    }

    /// <summary>Nobody is served after it any more, but its own end is as it would be.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_ListenerIsGoneAndTheReaderLeaves_TellsHowMuch(bool endsBefore)
    {
        Connection client;
        await using (ConnectionListener listener = await ConnectionListener.BindAsync(new FifoEndPoint(_fifo.Path), new ListenerOptions { Direction = ConnectionDirection.SendOnly }).Within())
        {
            Task<Connection?> accept = listener.AcceptAsync().AsTask();
            await using FileStream reader = await _fifo.OpenReaderAsync().Within();
            client = (await accept.Within())!;
            await Talk.SendAsync(client, "unread"u8.ToArray()).Within();
            await listener.DisposeAsync();
            if (endsBefore)
                await client.CompleteWritesAsync().Within();
        }

        ConnectionException told = await Assert.ThrowsAsync<ConnectionException>(() => client.DisposeAsync().Within());

        Assert.Equal((Step.Close, "EPIPE", 6), (told.Step, told.ErrorName, told.UndeliveredBytes));
    }

    [Fact]
    public async Task ReadAsync_FollowingWriters_GoesFromOneToTheNext()
    {
        await using Connection reader = await _fifo.ReceiveAsync(options => options.FollowWriters = true).Within();
        for (int i = 0; i < 20; i++)
        {
            Task<string> read = Talk.ReadTextAsync(reader, 2);
            Assert.False(read.IsCompleted);
            await _fifo.WriteAsync($"{i:00}");
            Assert.Equal($"{i:00}", await read.Within());
        }

        Task<ReadResult> next = reader.Input.ReadAsync().AsTask();
        Assert.False(next.IsCompleted);
        reader.Abort();
        await Assert.ThrowsAsync<ConnectionException>(() => next.Within());
    }

    [Fact]
    public async Task ReadAsync_AnotherWriterComesBeforeTheEndIsRead_GoesOn()
    {
        // Reads of 4, 8 and 16 KiB, and then one that takes 8 KiB and meets the end while it looks for more.
        const int Size = (4 + 8 + 16 + 8) * 1024;
        Task<Connection> connect = _fifo.ReceiveAsync();
        FileStream first = await _fifo.OpenWriterAsync().Within();
        await using Connection reader = await connect.Within();
        first.Write(new byte[Size]);
        await first.DisposeAsync();
        for (long left = Size; left > 0;)
        {
            ReadResult some = await reader.Input.ReadAsync().AsTask().Within();
            left -= some.Buffer.Length;
            reader.Input.AdvanceTo(some.Buffer.End);
        }

        await _fifo.WriteAsync("second");

        Assert.Equal("second", await Talk.ReadTextToEndAsync(reader).Within());
    }

    [Fact]
    public async Task ReadAsync_StreamWithPauses_HearsOfAllThatComes()
    {
        // Long enough each time for the reader to count on more, and it waits between.
        Task<Connection> connect = _fifo.ReceiveAsync();
        await using FileStream writer = await _fifo.OpenWriterAsync().Within();
        await using Connection reader = await connect.Within();
        byte[] sent = new byte[4 * 1024 * 1024];
        Random.Shared.NextBytes(sent);
        for (int round = 0; round < 20; round++)
        {
            Task<byte[]> read = Talk.ReadExactlyAsync(reader, sent.Length);
            for (int at = 0; at < sent.Length; at += 8192)
                await writer.WriteAsync(sent.AsMemory(at, 8192));
            Assert.Equal(sent, await read.Within());
        }

        Assert.False(reader.Closed.IsCancellationRequested);
        await writer.DisposeAsync();
        Assert.True((await reader.Input.ReadAsync().AsTask().Within()).IsCompleted);
        await Eventually.CancelledAsync(reader.Closed);
    }

    [Fact]
    public async Task ReceiveOnly_TheOtherDirection_IsAtItsEnd()
    {
        Task<Connection> connect = _fifo.ReceiveAsync();
        await using FileStream writer = await _fifo.OpenWriterAsync().Within();
        await using Connection reader = await connect.Within();

        ConnectionException failure = await Fifo.FailsAsync(Step.Write, Reason.Other, () => reader.Output.WriteAsync(new byte[1]).AsTask());
        Assert.Contains("only receives", failure.Cause, StringComparison.Ordinal);
        Assert.Throws<ConnectionException>(() => reader.Output.GetMemory());
        await reader.CompleteWritesAsync().Within();
        await reader.WaitForDeliveryAsync().Within();

        writer.Write("still"u8);
        Assert.Equal("still", await Talk.ReadTextAsync(reader, 5).Within());
        Assert.False(reader.TryGetPeerCredentials(out _));
    }

    [Fact]
    public async Task SendOnly_TheOtherDirection_IsAtItsEnd()
    {
        Task<Connection> connect = _fifo.SendAsync();
        await using FileStream reader = await _fifo.OpenReaderAsync().Within();
        await using Connection writer = await connect.Within();

        for (int i = 0; i < 2; i++)
            Assert.Empty(await Talk.ReadToEndAsync(writer).Within());

        Assert.False(writer.Statistics.EndedByPeer);
        await Talk.SendAndEndAsync(writer, "said"u8.ToArray()).Within();
        Assert.Equal("said", await Fifo.ReadToEndAsync(reader));
    }

    [Fact]
    public async Task DisposeAsync_ReceiveOnly_DoesNotWaitForTheWriter()
    {
        Task<Connection> connect = _fifo.ReceiveAsync(options => options.CloseTimeout = Timeout.InfiniteTimeSpan);
        await using FileStream writer = await _fifo.OpenWriterAsync().Within();
        Connection reader = await connect.Within();
        CancellationToken closed = reader.Closed;

        await reader.DisposeAsync().Within();

        await Eventually.CancelledAsync(closed);
        Assert.Throws<IOException>(() => writer.Write("nobody"u8));
    }

    [Fact]
    public async Task WriteAsync_ReaderGone_Throws()
    {
        (Connection writer, FileStream reader) = await JoinAsync();
        await Talk.SendAsync(writer, "abc").Within();
        reader.ReadByte();
        CancellationToken closed = writer.Closed;
        await reader.DisposeAsync();
        await Eventually.CancelledAsync(closed);

        ConnectionException failure = await Fifo.FailsAsync(Step.Write, Reason.Reset, () => Talk.SendAsync(writer, "d"));

        Assert.Equal(("EPIPE", 2), (failure.ErrorName, failure.UndeliveredBytes));
        ConnectionException told = await Fifo.FailsAsync(Step.Close, Reason.Reset, () => writer.DisposeAsync().AsTask());
        Assert.Equal(2, told.UndeliveredBytes);
    }

    [Fact]
    public async Task WriteAsync_WaitingWhenTheReaderGoes_Throws()
    {
        (Connection writer, FileStream reader) = await JoinAsync();
        Task stuck = Talk.SendAsync(writer, new byte[Payload.TooMuch(ChannelKind.FifoPair)]);
        Assert.False(stuck.IsCompleted);

        await reader.DisposeAsync();

        ConnectionException failure = await Fifo.FailsAsync(Step.Write, Reason.Reset, () => stuck);
        Assert.True(failure.UndeliveredBytes > 0);
        writer.Abort();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_ReaderTakesItsTime_WaitsForIt(bool afterHalfClose)
    {
        byte[] bytes = Payload.Random(40_000);
        (Connection writer, FileStream reader) = await JoinAsync();
        await Talk.SendAsync(writer, bytes).Within();
        if (afterHalfClose)
            await writer.CompleteWritesAsync().Within();

        Task closed = writer.DisposeAsync().AsTask();
        Assert.False(closed.IsCompleted);
        byte[] read = new byte[bytes.Length];
        await OnItsOwnThread.Run(() => reader.ReadExactly(read)).Within();

        await closed.Within();
        Assert.Equal(bytes, read);
        Assert.Equal(-1, await OnItsOwnThread.Run(reader.ReadByte).Within());
        await reader.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_ReaderGoesWithBytesUnread_TellsHowMany(bool afterHalfClose)
    {
        (Connection writer, FileStream reader) = await JoinAsync();
        await Talk.SendAsync(writer, "0123456789").Within();
        if (afterHalfClose)
            await writer.CompleteWritesAsync().Within();
        Task closed = writer.DisposeAsync().AsTask();
        Assert.False(closed.IsCompleted);
        reader.ReadExactly(new byte[3]);

        await reader.DisposeAsync();

        ConnectionException failure = await Fifo.FailsAsync(Step.Close, Reason.Reset, () => closed);
        Assert.Equal(("EPIPE", 7), (failure.ErrorName, failure.UndeliveredBytes));
    }

    /// <summary>The kernel keeps what is in the pipe for as long as the reader has it open.</summary>
    [Fact]
    public async Task DisposeAsync_TimeIsOverAndTheReaderStillThere_IsNoLoss()
    {
        (Connection writer, FileStream reader) = await JoinAsync(options => options.CloseTimeout = TimeSpan.FromMilliseconds(50));
        await Talk.SendAsync(writer, "late").Within();

        await writer.DisposeAsync().Within();

        Assert.Equal("late", await Fifo.ReadToEndAsync(reader));
    }

    [Fact]
    public async Task CompleteWritesAsync_ReaderHasEverything_IsItsEnd()
    {
        (Connection writer, FileStream reader) = await JoinAsync();
        await using Connection ending = writer;
        await Talk.SendAsync(writer, "said").Within();
        reader.ReadExactly(new byte[4]);
        await writer.WaitForDeliveryAsync().Within();

        await writer.CompleteWritesAsync().Within();

        Assert.Equal("", await Fifo.ReadToEndAsync(reader));
    }

    private async Task<(Connection Writer, FileStream Reader)> JoinAsync(Action<ConnectionOptions>? configure = null)
    {
        Task<Connection> connect = _fifo.SendAsync(configure);
        FileStream reader = await _fifo.OpenReaderAsync().Within();
        return (await connect.Within(), reader);
    }
}
