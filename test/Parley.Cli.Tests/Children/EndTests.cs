namespace Parley.Cli.Tests.Children;

/// <summary>How a conversation with a program ends when something else than the program's own end comes first.</summary>
public sealed class EndTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Whether it stops reading while something is sent or before it has taken the last, its exit code says what it thinks of it.</summary>
    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("read first; exit 3", 3)]
    [InlineData("kill -KILL $$", 137)]
    [InlineData("exit 0", 5)]
    public async Task Send_ProgramThatReadsTooLittle_EndsWithItsExitCode(string script, int code)
    {
        byte[] input = new byte[256 * Payload.Kilobyte];
        input.AsSpan().Fill((byte)'\n');

        CommandResult result = (await Command.RunAsync(new Launch("send", "exec:", "--frame", "line", "--", "sh", "-c", script) { Input = input })).MustExit(code);

        Assert.Contains("parley: cannot send to exec: -- sh: sh ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_OutputClosedBeforeTheExit_TheExitIsSeen()
    {
        await using ChildProcess parley = Command.Start("connect", "exec:", "--", "sh", "-c", "echo said; exec >&-; sleep 0.3; exit 3");

        // Its standard input stays open.
        Assert.Equal("said\n", (await parley.EndAsync()).MustExit(3).Text);
    }

    [Fact]
    public async Task Serve_OutputClosedBeforeTheExit_TheConversationEnds()
    {
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", "unix:" + _folder["s"], "--once", "--exec", "--", "sh", "-c", "echo said; exec >&-; sleep 0.3");
        using System.Net.Sockets.Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        Assert.Equal("said\n"u8.ToArray(), await RawSocket.ReadToEndAsync(client));

        // The program is gone: whatever the client still says is said to nobody, and the server is done with it once it ends.
        client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        (await server.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task Connect_ReaderThatHasSeenEnough_EndsTheProgramAsAPipelineDoes()
    {
        string command = Command.Shell("connect", "exec:", "--", "sh", "-c", $"yes; echo $? >{_folder["program"]}");
        await using ChildProcess pipeline = Command.StartScript($"{{ {command}; echo $? >{_folder["command"]}; }} </dev/null | head -n 1");

        Assert.Equal("y\n", (await pipeline.EndAsync()).Text);

        // 128 and SIGPIPE: `yes` was not asked to end by a signal of ours after its output was read in vain.
        Assert.Equal("141\n", await File.ReadAllTextAsync(_folder["program"]));
        Assert.Equal("0\n", await File.ReadAllTextAsync(_folder["command"]));
    }

    [Theory]
    [InlineData("connect exec: --idle-timeout 0.3 -- sleep 1000", 4)]
    [InlineData("connect exec: -- cat </tmp", 1)]
    public async Task Connect_OwnFailure_IsNotTakenForTheProgramsExit(string words, int code)
    {
        await using ChildProcess parley = Command.StartScript($"exec {Command.Shell()} {words}");

        (await parley.EndAsync()).MustExit(code);
    }

    [Fact]
    public async Task Serve_OutputThatOthersHoldOpen_IsTold()
    {
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", "unix:" + _folder["s"], "--once", "--drain-timeout", "0.5", "--exec", "--", "sh", "-c", "sleep 1000 & echo $!");
        using System.Net.Sockets.Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        byte[] said = await RawSocket.ReadToEndAsync(client);

        Signals.Send(int.Parse(System.Text.Encoding.ASCII.GetString(said), System.Globalization.CultureInfo.InvariantCulture), Signal.Kill);
        client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Contains("still holds its output open", (await server.EndAsync()).MustExit(0).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 143, false)]
    [InlineData("trap '' TERM; ", 137, true)]
    public async Task Serve_ProgramThatOutlivesItsEnd_IsEndedAndThatIsTold(string trap, int code, bool isKilled)
    {
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", "unix:" + _folder["s"], "--once", "--drain-timeout", "1", "--exec", "--", "sh", "-c", trap + "echo said; exec >&-; exec sleep 1000");
        using System.Net.Sockets.Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        Assert.Equal("said\n"u8.ToArray(), await RawSocket.ExchangeAsync(client, Array.Empty<byte>()));

        string error = (await server.EndAsync()).MustExit(code).Error;
        Assert.Contains("parley: sh did not end within 0.75 s of the end of its input: asked to end with SIGTERM", error, StringComparison.Ordinal);
        Assert.Equal(isKilled, error.Contains("parley: sh did not end within 0.25 s of SIGTERM: killed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Serve_ProgramThatLeavesItsInputUnread_VerboseTells()
    {
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", "unix:" + _folder["s"], "--once", "-v", "--exec", "--", "sh", "-c", "dd bs=1 count=1 2>/dev/null");
        using System.Net.Sockets.Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        Assert.Single(await RawSocket.ExchangeAsync(client, new byte[1000]));

        Assert.Contains("exit code 0, 999 bytes of its input not read", (await server.EndAsync()).MustExit(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_OutputIsAFifo_ItsReaderSeesTheEndBeforeTheCommandDoes()
    {
        string fifo = _folder["out"];
        (await ChildProcess.RunAsync("mkfifo", fifo)).MustExit(0);
        await using ChildProcess parley = Command.StartScript(
            $"exec {Command.Shell("connect", "exec:", "--", "sh", "-c", "echo said; exec >&-; cat >/dev/null")} >{fifo}");

        Assert.Equal("said\n", (await ChildProcess.RunAsync("cat", fifo)).Text);

        Assert.False(parley.HasEnded, parley.Describe());
        parley.CloseInput();
        (await parley.EndAsync()).MustExit(0);
    }
}
