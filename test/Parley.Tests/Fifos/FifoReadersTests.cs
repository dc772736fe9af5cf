namespace Parley.Tests.Fifos;

/// <summary>When a server may go on to the next reader: not before the last one has gone, however it had opened the FIFO, and then surely.</summary>
public sealed class FifoReadersTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    /// <summary>A shell's <c>exec 3&lt;&gt;fifo</c>: it is never at its end, and its close is one of a writer.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AcceptAsync_ReaderThatCouldWriteHasGone_TheNextOneIsServed(bool leavesEarly)
    {
        await using ConnectionListener listener = await BindAsync();
        for (int i = 0; i < 3; i++)
        {
            Task<Connection?> accept = listener.AcceptAsync().AsTask();
            FileStream both = await Fifo.OpenAsync(_fifo.Path, FileAccess.ReadWrite).Within();
            Connection? client = await accept.Within();
            await Talk.SendAsync(client!, "word"u8.ToArray()).Within();
            await ReadWordAsync(both);
            if (leavesEarly)
                await both.DisposeAsync();
            await client!.DisposeAsync().Within();
            accept = listener.AcceptAsync().AsTask();
            if (!leavesEarly)
                await both.DisposeAsync();

            await GetsAsync("next", accept);
        }
    }

    /// <summary>It goes at any moment, and the next comes at once. When both coincide with the server's own close, that one may get nothing.</summary>
    [Fact]
    public async Task AcceptAsync_ReadersThatCouldWriteComeAndGo_NothingHangs()
    {
        await using ConnectionListener listener = await BindAsync();
        Task serve = ServeAsync(listener);
        for (int i = 0; i < 10; i++)
        {
            await using (FileStream both = await Fifo.OpenAsync(_fifo.Path, FileAccess.ReadWrite).Within())
                await ReadWordAsync(both);
            Assert.True(await _fifo.ReadToEndAsync() is "word" or "");
        }

        await listener.StopAsync().Within();
        await serve.Within();
    }

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    [InlineData(ConnectionDirection.Both)]
    public async Task AcceptAsync_AnotherComesAndGoesWhileOneReads_TheOneGetsItsWordsOnce(ConnectionDirection ways)
    {
        await using ConnectionListener listener = await BindAsync();
        Task<Connection?> accept = listener.AcceptAsync().AsTask();
        FileStream slow = await _fifo.OpenReaderAsync().Within();
        Connection? client = await accept.Within();
        await Talk.SendAsync(client!, "word"u8.ToArray()).Within();
        await ReadWordAsync(slow);
        await client!.DisposeAsync().Within();

        Task<Connection?> next = listener.AcceptAsync().AsTask();
        Native.OpenAndClose(_fifo.Path, ways == ConnectionDirection.Both ? FileAccess.ReadWrite : FileAccess.Read);
        Assert.Equal("", await Fifo.ReadToEndAsync(slow));

        await GetsAsync("other", next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AcceptAsync_FifoReplacedWhileOneReads_TheNewOneIsServed(bool removes)
    {
        await using ConnectionListener listener = await BindAsync();
        Task serve = ServeAsync(listener);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("word", await _fifo.ReadToEndAsync());
            Assert.Equal("word", await _fifo.ReadToEndAsync());
            Replace($"next{i}", removes ? null : $"old{i}");
        }

        await listener.StopAsync().Within();
        await serve.Within();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AcceptAsync_FifoReplacedWhileNobodyWrites_TheNewOneIsRead(bool whileAccepting)
    {
        await using ConnectionListener listener = await ConnectionListener.BindAsync(
            _fifo.EndPoint, new ListenerOptions { Direction = ConnectionDirection.ReceiveOnly }).Within();
        for (int i = 0; i < 5; i++)
        {
            Task<Connection?>? accept = whileAccepting ? listener.AcceptAsync().AsTask() : null;
            Replace($"next{i}", i % 2 == 0 ? null : $"old{i}");
            accept ??= listener.AcceptAsync().AsTask();
            await _fifo.WriteAsync($"client {i}");
            await using (Connection? client = await accept.Within())
                Assert.Equal($"client {i}", await Talk.ReadTextToEndAsync(client!).Within());

            // Nobody accepts now: a quick writer's words are kept in the new one too.
            await _fifo.WriteAsync("quick");
            await using Connection? quick = await listener.AcceptAsync().Within();
            Assert.Equal("quick", await Talk.ReadTextToEndAsync(quick!).Within());
        }
    }

    /// <summary>The end follows what is unread, and lets the dispose go on that waits for the same.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AcceptAsync_SlowReaders_EachGetsItsWordsOnce(bool inline)
    {
        await using ConnectionListener listener = await BindAsync(inline: inline);
        Task serve = ServeAsync(listener);
        for (int i = 0; i < 100; i++)
        {
            await using FileStream reader = await _fifo.OpenReaderAsync().Within();
            Thread.Sleep(Random.Shared.Next(6));
            Assert.Equal("word", await Fifo.ReadToEndAsync(reader));
        }

        await listener.StopAsync().Within();
        await serve.Within();
    }

    /// <summary>What the close of the end looks at and what it says belong together: whoever serves the next reader goes by both.</summary>
    [Fact]
    public async Task DisposeAsync_WhileTheEndIsClosedOnTheLoop_IsNotFirst()
    {
        using var observer = new HoldingObserver("close");
        await using ConnectionListener listener = await BindAsync(observer);
        Task<Connection?> accept = listener.AcceptAsync().AsTask();
        await using FileStream reader = await _fifo.OpenReaderAsync().Within();
        Connection? client = await accept.Within();
        await Talk.SendAsync(client!, "word"u8.ToArray()).Within();
        await client!.CompleteWritesAsync().Within();
        await ReadWordAsync(reader);
        await observer.Held.Within();

        Task dispose = Task.Run(() => client.DisposeAsync().AsTask());
        Task<Connection?> next = listener.AcceptAsync().AsTask();
        Task first = await Task.WhenAny(dispose, Task.Delay(100));
        observer.LetGo();

        Assert.NotSame(dispose, first);
        await dispose.Within();
        await reader.DisposeAsync();
        await GetsAsync("next", next);
    }

    private async Task GetsAsync(string words, Task<Connection?> accept)
    {
        Task<string> reader = _fifo.ReadToEndAsync();
        await using (Connection? client = await accept.Within())
            await Talk.SendAndEndAsync(client!, System.Text.Encoding.UTF8.GetBytes(words)).Within();
        Assert.Equal(words, await reader);
    }

    private static async Task ReadWordAsync(FileStream reader)
    {
        byte[] word = new byte["word".Length];
        await OnItsOwnThread.Run(() =>
        {
            reader.ReadExactly(word);
            return true;
        }).Within();
        Assert.Equal("word", System.Text.Encoding.UTF8.GetString(word));
    }

    private Task<ConnectionListener> BindAsync(CallObserver? observer = null, bool inline = false)
    {
        var options = new ListenerOptions { Direction = ConnectionDirection.SendOnly, CallObserver = observer, RunContinuationsInline = inline };
        return ConnectionListener.BindAsync(_fifo.EndPoint, options).Within();
    }

    private static Task ServeAsync(ConnectionListener listener) => Task.Run(async () =>
    {
        while (await listener.AcceptAsync() is { } client)
        {
            await Talk.SendAndEndAsync(client, "word"u8.ToArray());
            await client.DisposeAsync();
        }
    });

    /// <summary>Puts another FIFO into its place, at once, or after the old one was renamed.</summary>
    private void Replace(string next, string? old)
    {
        var other = new FifoEndPoint(_fifo[next]);
        NamedObject.Create(other);
        if (old is not null)
            Native.Exchange(other.Path, _fifo.Path);
        else
            File.Move(other.Path, _fifo.Path, overwrite: true);
    }
}
