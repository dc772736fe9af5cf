using System.Net.Sockets;

namespace Parley.Tests.Fifos;

/// <summary>Opening waits for the other side, whoever comes first, and never for longer than it was told.</summary>
public sealed class OpeningTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly, "no writer came within 0.05 s")]
    [InlineData(ConnectionDirection.SendOnly, "no reader came within 0.05 s")]
    public async Task ConnectAsync_NobodyComes_TimesOut(ConnectionDirection direction, string cause)
    {
        var options = new ConnectionOptions { Direction = direction, ConnectTimeout = Short };

        ConnectionException failure = await Fifo.FailsAsync(Step.Open, Reason.TimedOut, () => Connection.ConnectAsync(_fifo.EndPoint, options).AsTask());

        Assert.Equal(cause, failure.Cause);
        Assert.Equal("ETIMEDOUT", failure.ErrorName);
    }

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    [InlineData(ConnectionDirection.SendOnly)]
    public async Task ConnectAsync_TokenCancelled_Ends(ConnectionDirection direction)
    {
        using var giveUp = new CancellationTokenSource();
        Task connect = Connection.ConnectAsync(_fifo.EndPoint, new ConnectionOptions { Direction = direction }, giveUp.Token).AsTask();
        Assert.False(connect.IsCompleted);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect.Within());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectAsync_EitherSideFirst_BothAreThere(bool readerFirst)
    {
        Task<Connection> first = readerFirst ? _fifo.ReceiveAsync() : _fifo.SendAsync();
        Assert.False(first.IsCompleted);
        Task<Connection> second = readerFirst ? _fifo.SendAsync() : _fifo.ReceiveAsync();

        await using Connection one = await first.Within();
        await using Connection other = await second.Within();
        (Connection reader, Connection writer) = readerFirst ? (one, other) : (other, one);
        await Talk.SendAndEndAsync(writer, "said"u8.ToArray()).Within();

        Assert.Equal("said", await Talk.ReadTextToEndAsync(reader).Within());
    }

    /// <summary>Nothing tells of a reader whose open is blocked: it has to be looked for.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectAsync_PlainReaderBlockedInOpen_IsMet(bool readerFirst)
    {
        Task<FileStream>? blocked = readerFirst ? _fifo.OpenReaderAsync() : null;
        Task<Connection> connect = _fifo.SendAsync();
        blocked ??= _fifo.OpenReaderAsync();

        await using Connection writer = await connect.Within();
        await using FileStream reader = await blocked.Within();
        await Talk.SendAndEndAsync(writer, "said"u8.ToArray()).Within();

        Assert.Equal("said", await Fifo.ReadToEndAsync(reader));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectAsync_PlainWriterThatSaysNothing_IsMet(bool writerFirst)
    {
        Task<FileStream>? open = writerFirst ? _fifo.OpenWriterAsync() : null;
        Task<Connection> connect = _fifo.ReceiveAsync();
        open ??= _fifo.OpenWriterAsync();

        await using Connection reader = await connect.Within();
        await using FileStream writer = await open.Within();
        Task<byte[]> read = Talk.ReadExactlyAsync(reader, 1);
        Assert.False(read.IsCompleted);
        writer.Write("x"u8);

        Assert.Equal("x"u8.ToArray(), await read.Within());
    }

    [Fact]
    public async Task ConnectAsync_WriterCameAndWent_IsReadToItsEnd()
    {
        for (int i = 0; i < 20; i++)
        {
            Task<Connection> connect = _fifo.ReceiveAsync();
            await _fifo.WriteAsync("short");

            await using Connection reader = await connect.Within();

            Assert.Equal("short", await Talk.ReadTextToEndAsync(reader).Within());
        }
    }

    [Fact]
    public async Task ConnectAsync_WriterCameAndWentWithoutAWord_IsAnEnd()
    {
        for (int i = 0; i < 20; i++)
        {
            Task<Connection> connect = _fifo.ReceiveAsync();
            await _fifo.WriteAsync("");

            await using Connection reader = await connect.Within();

            Assert.Empty(await Talk.ReadToEndAsync(reader).Within());
        }
    }

    /// <summary>A plain program opens one after the other, and is blocked in each until its other side is open.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectAsync_PairThatTheOtherSideOpensInEitherOrder_DoesNotDeadlock(bool readsFirst)
    {
        var pair = new FifoEndPoint(_fifo["in"], _fifo["out"]);
        NamedObject.Create(pair);
        (string Path, FileAccess Access)[] order = [(pair.WritePath!, FileAccess.Read), (pair.Path, FileAccess.Write)];
        if (!readsFirst)
            Array.Reverse(order);
        Task<FileStream[]> peer = OnItsOwnThread.Run(() => order.Select(
            one => new FileStream(one.Path, FileMode.Open, one.Access, FileShare.ReadWrite, bufferSize: 0)).ToArray());

        await using Connection connection = await Connection.ConnectAsync(pair).Within();
        FileStream[] ends = await peer.Within();
        await using FileStream input = ends.Single(end => end.CanRead);
        await using FileStream output = ends.Single(end => end.CanWrite);

        output.Write("question"u8);
        Assert.Equal("question", await Talk.ReadTextAsync(connection, 8).Within());
        await Talk.SendAndEndAsync(connection, "answer"u8.ToArray()).Within();
        Assert.Equal("answer", await Fifo.ReadToEndAsync(input));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectAsync_PairBetweenTwoConnections_InEitherOrder(bool clientFirst)
    {
        var pair = new FifoEndPoint(_fifo["in"], _fifo["out"]);
        NamedObject.Create(pair);
        FifoEndPoint[] order = [pair, new FifoEndPoint(pair.WritePath!, pair.Path)];
        if (clientFirst)
            Array.Reverse(order);

        Task<Connection> first = Connection.ConnectAsync(order[0]).AsTask();
        Assert.False(first.IsCompleted);
        Task<Connection> second = Connection.ConnectAsync(order[1]).AsTask();

        Connection[] both = await Task.WhenAll(first, second).Within();
        Task echo = Talk.EchoAsync(both[0]);
        await Talk.PingPongAsync(both[1], rounds: 100, size: 64).Within();
        await both[1].CompleteWritesAsync().Within();
        await echo.Within();
        await Task.WhenAll(both[0].DisposeAsync().AsTask(), both[1].DisposeAsync().AsTask()).Within();
    }

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    [InlineData(ConnectionDirection.SendOnly)]
    public async Task ConnectAsync_RemovedWhileWaiting_Ends(ConnectionDirection direction)
    {
        Task connect = Connection.ConnectAsync(_fifo.EndPoint, new ConnectionOptions { Direction = direction }).AsTask();
        Assert.False(connect.IsCompleted);

        NamedObject.Remove(_fifo.EndPoint);

        await Fifo.FailsAsync(Step.Open, Reason.NotFound, () => connect);
    }

    [Fact]
    public async Task ConnectAsync_MadeLater_IsFoundByARetry()
    {
        NamedObject.Remove(_fifo.EndPoint);
        Task<Connection> connect = _fifo.ReceiveAsync(options => (options.RetryCount, options.RetryDelay) = (1000, TimeSpan.FromMilliseconds(5)));
        Assert.False(connect.IsCompleted);

        NamedObject.Create(_fifo.EndPoint);
        await _fifo.WriteAsync("there");

        await using Connection reader = await connect.Within();
        Assert.Equal("there", await Talk.ReadTextToEndAsync(reader).Within());
    }

    [Theory]
    [InlineData("none", Reason.NotFound, "no such file or directory")]
    [InlineData("file", Reason.Other, "is a regular file, not a FIFO")]
    [InlineData("folder", Reason.Other, "is a directory, not a FIFO")]
    [InlineData("socket", Reason.Other, "is a socket, not a FIFO")]
    [InlineData("link", Reason.Other, "is a symbolic link, which is not followed")]
    [InlineData("/dev/null", Reason.Other, "is a device, not a FIFO")]
    public async Task ConnectAsync_SomethingElse_SaysWhatItIs(string name, Reason reason, string cause)
    {
        File.WriteAllText(_fifo["file"], "");
        Directory.CreateDirectory(_fifo["folder"]);
        File.CreateSymbolicLink(_fifo["link"], _fifo.Path);
        using Socket listener = RawSocket.Listen(new UnixDomainSocketEndPoint(_fifo["socket"]));
        var wrong = new FifoEndPoint(Path.Combine(_fifo["."], name));

        foreach (ConnectionOptions options in new[] { Fifo.Receive(), Fifo.Send() })
        {
            ConnectionException failure = await Fifo.FailsAsync(Step.Open, reason, () => Connection.ConnectAsync(wrong, options).AsTask());
            Assert.Contains(cause, failure.Cause, StringComparison.Ordinal);
        }

        var listening = new ListenerOptions { Direction = ConnectionDirection.ReceiveOnly };
        await Fifo.FailsAsync(Step.Open, reason, () => ConnectionListener.BindAsync(wrong, listening).AsTask());
    }

    [Fact]
    public async Task ConnectAsync_SingleFifoBothWays_SaysWhatIsNeeded()
    {
        ArgumentException wrong = await Assert.ThrowsAsync<ArgumentException>(() => Connection.ConnectAsync(_fifo.EndPoint).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => ConnectionListener.BindAsync(_fifo.EndPoint).AsTask());

        Assert.Contains("ReceiveOnly", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("SendOnly", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_Observed_TellsOfTheOpening()
    {
        var observer = new RecordingObserver();
        Task<Connection> connect = _fifo.SendAsync(options => options.CallObserver = observer);
        await using FileStream reader = await _fifo.OpenReaderAsync().Within();
        Connection writer = await connect.Within();
        await Talk.SendAsync(writer, "said").Within();
        Task closed = writer.DisposeAsync().AsTask();
        Assert.Equal("said", await Fifo.ReadToEndAsync(reader));
        await closed.Within();

        Assert.Equal(["open", "write", "close"], observer.Names);
        Assert.Equal(_fifo.EndPoint, observer.Single("open").EndPoint);
    }
}
