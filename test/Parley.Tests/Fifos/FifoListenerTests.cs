namespace Parley.Tests.Fifos;

/// <summary>One client after the other, and nothing of one for the next.</summary>
public sealed class FifoListenerTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    [Fact]
    public async Task AcceptAsync_WriterAfterWriter_GetsEachByItself()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.ReceiveOnly);
        for (int i = 0; i < 20; i++)
        {
            Task<Connection?> accept = listener.AcceptAsync().AsTask();
            Assert.False(accept.IsCompleted);
            await _fifo.WriteAsync($"client {i}");

            await using Connection? client = await accept.Within();

            Assert.Equal($"client {i}", await Talk.ReadTextToEndAsync(client!).Within());
        }
    }

    /// <summary>What a quick writer leaves while nobody accepts is kept.</summary>
    [Fact]
    public async Task AcceptAsync_WriterCameBefore_IsStillHeard()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.ReceiveOnly);
        for (int i = 0; i < 20; i++)
        {
            await _fifo.WriteAsync($"client {i}");

            await using Connection? client = await listener.AcceptAsync().Within();

            Assert.Equal($"client {i}", await Talk.ReadTextToEndAsync(client!).Within());
        }
    }

    [Fact]
    public async Task AcceptAsync_WriterCameAndWentWithoutAWord_IsTheFirst()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.ReceiveOnly);
        await _fifo.WriteAsync("");

        await using (Connection? client = await listener.AcceptAsync().Within())
            Assert.Equal("", await Talk.ReadTextToEndAsync(client!).Within());

        Task<Connection?> next = listener.AcceptAsync().AsTask();
        Assert.False(next.IsCompleted);
        await _fifo.WriteAsync("word");
        await using Connection? second = await next.Within();
        Assert.Equal("word", await Talk.ReadTextToEndAsync(second!).Within());
    }

    [Fact]
    public async Task AcceptAsync_ReaderAfterReader_GivesEachItsOwn()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.SendOnly);
        Task serve = Task.Run(async () =>
        {
            for (int i = 0; await listener.AcceptAsync() is { } client; i++)
            {
                await Talk.SendAndEndAsync(client, System.Text.Encoding.UTF8.GetBytes($"{i}"));
                await client.DisposeAsync();
            }
        });

        for (int i = 0; i < 20; i++)
            Assert.Equal($"{i}", await _fifo.ReadToEndAsync());

        await listener.StopAsync().Within();
        await serve.Within();
    }

    [Fact]
    public async Task AcceptAsync_PairClientAfterClient_EachHasItsConversation()
    {
        var pair = new FifoEndPoint(_fifo["in"], _fifo["out"]);
        NamedObject.Create(pair);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(pair).Within();
        Task serve = Task.Run(async () =>
        {
            while (await listener.AcceptAsync() is { } client)
            {
                await Talk.EchoAsync(client);
                await client.DisposeAsync();
            }
        });

        for (int i = 0; i < 20; i++)
        {
            await using Connection client = await Connection.ConnectAsync(new FifoEndPoint(pair.WritePath!, pair.Path)).Within();
            await Talk.SendAndEndAsync(client, System.Text.Encoding.UTF8.GetBytes($"{i}")).Within();
            Assert.Equal($"{i}", await Talk.ReadTextToEndAsync(client).Within());
        }

        await listener.StopAsync().Within();
        await serve.Within();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AcceptAsync_ClientLeftBytesUnread_TheNextOneSeesNone(bool aborts)
    {
        var observer = new RecordingObserver();
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.ReceiveOnly, observer: observer);
        Task<Connection?> accept = listener.AcceptAsync().AsTask();
        FileStream first = await _fifo.OpenWriterAsync().Within();
        Connection? client = await accept.Within();
        first.Write("read, unread"u8);
        Assert.Equal("read", await Talk.ReadTextAsync(client!, 4).Within());
        if (aborts)
            client!.Abort();
        await client!.DisposeAsync().Within();

        Task<Connection?> next = listener.AcceptAsync().AsTask();
        first.Write(" and more"u8);
        Assert.False(next.IsCompleted);
        await first.DisposeAsync();

        // Writers that overlap are one to a FIFO. Opened for the listener, the first client, its leftover and the next client: it is gone.
        await Eventually.TrueAsync(() => observer.Names.Count(name => name == "open") == 4, "the first one's words are gone");
        await _fifo.WriteAsync("mine");

        await using Connection? other = await next.Within();
        Assert.Equal("mine", await Talk.ReadTextToEndAsync(other!).Within());
    }

    [Fact]
    public async Task AcceptAsync_ReaderHasNotGoneYet_TheNextMessageIsNotForIt()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.SendOnly, TimeSpan.FromMilliseconds(50));
        Task<Connection?> accept = listener.AcceptAsync().AsTask();
        FileStream slow = await _fifo.OpenReaderAsync().Within();
        Connection? client = await accept.Within();
        await Talk.SendAndEndAsync(client!, "first"u8.ToArray()).Within();
        await client!.DisposeAsync().Within();

        Task<Connection?> next = listener.AcceptAsync().AsTask();
        Assert.False(next.IsCompleted);
        Assert.Equal("first", await Fifo.ReadToEndAsync(slow));

        Task<string> reader = _fifo.ReadToEndAsync();
        await using Connection? other = await next.Within();
        await Talk.SendAndEndAsync(other!, "second"u8.ToArray()).Within();
        Assert.Equal("second", await reader.Within());
    }

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    [InlineData(ConnectionDirection.SendOnly)]
    public async Task AcceptAsync_StopOrDisposeAfterCall_ReturnsNull(ConnectionDirection direction)
    {
        foreach (bool disposes in new[] { true, false })
        {
            await using ConnectionListener listener = await BindAsync(direction);
            Task<Connection?> accept = listener.AcceptAsync().AsTask();
            Assert.False(accept.IsCompleted);

            await (disposes ? listener.DisposeAsync() : listener.StopAsync()).Within();

            Assert.Null(await accept.Within());
            Assert.Null(await listener.AcceptAsync().Within());
        }
    }

    [Fact]
    public async Task AcceptAsync_AfterStop_HandsOutTheOneThatIsThereAndThenNull()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.ReceiveOnly);
        await _fifo.WriteAsync("in time");

        await listener.StopAsync().Within();

        await using (Connection? client = await listener.AcceptAsync().Within())
            Assert.Equal("in time", await Talk.ReadTextToEndAsync(client!).Within());
        Assert.Null(await listener.AcceptAsync().Within());
    }

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    [InlineData(ConnectionDirection.SendOnly)]
    public async Task AcceptAsync_TokenCancelled_EndsAndAcceptingGoesOn(ConnectionDirection direction)
    {
        await using ConnectionListener listener = await BindAsync(direction);
        using var giveUp = new CancellationTokenSource();
        Task accept = listener.AcceptAsync(giveUp.Token).AsTask();
        Assert.False(accept.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept.Within());

        Task<FileStream> peer = direction == ConnectionDirection.SendOnly ? _fifo.OpenReaderAsync() : _fifo.OpenWriterAsync();
        Connection? client = await listener.AcceptAsync().Within();
        await using FileStream open = await peer.Within();
        client!.Abort();
    }

    [Fact]
    public async Task AcceptAsync_OneIsBeingServed_TheNextWaits()
    {
        await using ConnectionListener listener = await BindAsync(ConnectionDirection.ReceiveOnly);
        await _fifo.WriteAsync("first");
        Connection? client = await listener.AcceptAsync().Within();
        Task<Connection?> next = listener.AcceptAsync().AsTask();
        Assert.Equal("first", await Talk.ReadTextToEndAsync(client!).Within());
        await _fifo.WriteAsync("second");
        Assert.False(next.IsCompleted);

        await client!.DisposeAsync().Within();

        await using Connection? other = await next.Within();
        Assert.Equal("second", await Talk.ReadTextToEndAsync(other!).Within());
    }

    private Task<ConnectionListener> BindAsync(ConnectionDirection direction, TimeSpan? closeTimeout = null, CallObserver? observer = null)
    {
        var options = new ListenerOptions { Direction = direction, CallObserver = observer };
        options.CloseTimeout = closeTimeout ?? options.CloseTimeout;
        return ConnectionListener.BindAsync(_fifo.EndPoint, options).Within();
    }
}
