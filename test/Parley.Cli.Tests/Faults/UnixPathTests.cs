using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>What stands at the path of a Unix socket before the server comes, and after it has gone.</summary>
public sealed class UnixPathTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string SocketPath => _folder["s"];

    private string Endpoint => $"unix:{SocketPath}";

    public static TheoryData<string> Verbs => ["serve", "listen", "relay"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Serve_PathLeftByAKilledServer_IsTakenOver()
    {
        for (int i = 0; i < 3; i++)
        {
            await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);
            Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(Endpoint));
            await server.StopAsync(Signal.Kill);
            Assert.True(File.Exists(SocketPath));
        }

        await using ListeningCommand last = await Command.ListenAsync("serve", Endpoint);
        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(Endpoint));
    }

    [SkippableTheory]
    [MemberData(nameof(Verbs))]
    public async Task Listen_PathLeftByAForeignKilledServer_IsTakenOver(string verb)
    {
        await using (ChildProcess foreign = ChildProcess.Start([Programs.Require("socat"), "-", Peers.SocatListen(Endpoint)]))
        {
            await ProcFs.ListeningAsync(Endpoint, foreign);
            foreign.Send(Signal.Kill);
            await foreign.EndAsync();
        }

        Assert.True(File.Exists(SocketPath));
        await using ListeningCommand server = await Command.ListenAsync(Arguments(verb));
        Assert.Equal(Endpoint, server.Endpoint);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder")]
    public async Task Serve_SomethingElseInThePlaceOfTheLockFile_IsRefused(string what)
    {
        string lockPath = SocketPath + ".lock";
        if (what is "link")
            File.CreateSymbolicLink(lockPath, _folder["elsewhere"]);
        else
            Directory.CreateDirectory(lockPath);

        CommandResult result = (await Command.RunAsync("serve", Endpoint)).MustExit(6);

        Assert.Contains($"{lockPath}, where the lock file belongs, is no regular file", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hint", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["elsewhere"]));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Listen_PathOfALiveServer_IsNeverStolen(string verb)
    {
        await using ListeningCommand first = await Command.ListenAsync("serve", Endpoint);

        for (int i = 0; i < 3; i++)
            MustBeInUse(await Command.RunAsync(Arguments(verb)));

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(Endpoint));
        Assert.False(first.Process.HasEnded);
    }

    [Fact]
    public async Task Serve_PathOfALiveForeignServer_IsNeverStolen()
    {
        await using RawListener foreign = RawListener.Open(Endpoint).Serve(client => RawSocket.SendAsync(client, "foreign"u8.ToArray()));

        MustBeInUse(await Command.RunAsync("serve", Endpoint));

        Assert.Equal("foreign"u8.ToArray(), await RawSocket.ReceiveFromAsync(Endpoint));
    }

    [SkippableFact]
    public async Task Serve_PathOfALiveSocat_IsNeverStolen()
    {
        await File.WriteAllTextAsync(_folder["foreign"], "foreign");
        await using ChildProcess foreign = ChildProcess.Start(
            [Programs.Require("socat"), "-U", $"{Peers.SocatListen(Endpoint)},fork", $"OPEN:{_folder["foreign"]},rdonly"]);
        await ProcFs.ListeningAsync(Endpoint, foreign);

        MustBeInUse(await Command.RunAsync("serve", Endpoint));

        Assert.Equal("foreign"u8.ToArray(), await RawSocket.ReceiveFromAsync(Endpoint));
    }

    [Fact]
    public async Task Serve_PathOfALiveServerWithAFullBacklog_IsNotTakenForStale()
    {
        using FullBacklog busy = FullBacklog.Open(Endpoint);

        MustBeInUse(await Command.RunAsync("serve", Endpoint));

        using Socket waiting = await busy.AcceptAsync();
        Assert.True(File.Exists(SocketPath));
        using Socket next = await RawSocket.ConnectAsync(Endpoint);
    }

    [Fact]
    public async Task Serve_PathOfAStoppedServer_IsNotTakenForStale()
    {
        await using ListeningCommand stopped = await Command.ListenAsync("serve", Endpoint);
        await stopped.Process.FreezeAsync();

        MustBeInUse(await Command.RunAsync("serve", Endpoint));

        stopped.Process.Thaw();
        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(Endpoint));
    }

    [Fact]
    public async Task Serve_SeveralForOneStalePath_OneWins()
    {
        await using (ListeningCommand killed = await Command.ListenAsync("serve", Endpoint))
            await killed.StopAsync(Signal.Kill);
        ChildProcess[] rivals = [.. Enumerable.Range(0, 5).Select(i => Command.Start("serve", Endpoint, "--message", $"{i}"))];
        try
        {
            await Eventually.TrueAsync(() => rivals.Count(rival => rival.HasEnded) == rivals.Length - 1, "all but one to give up");

            foreach (ChildProcess loser in rivals.Where(rival => rival.HasEnded))
                MustBeInUse(await loser.EndAsync());
            ChildProcess winner = Assert.Single(rivals, rival => !rival.HasEnded);
            await ListeningCommand.WhenReadyAsync(winner);
            Assert.Equal($"{Array.IndexOf(rivals, winner)}", System.Text.Encoding.UTF8.GetString(await RawSocket.ReceiveFromAsync(Endpoint)));
        }
        finally
        {
            foreach (ChildProcess rival in rivals)
                await rival.DisposeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Listen_RegularFileAtThePath_IsLeftAlone(string verb)
    {
        await File.WriteAllTextAsync(SocketPath, "precious");

        CommandResult result = await Command.RunAsync(Arguments(verb));

        result.MustExit(3);
        Assert.Contains($"cannot listen on {Endpoint}", result.Error, StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(SocketPath));
    }

    [Fact]
    public async Task Serve_DirectoryAtThePath_IsLeftAlone()
    {
        Directory.CreateDirectory(SocketPath);
        await File.WriteAllTextAsync(Path.Combine(SocketPath, "inside"), "precious");

        (await Command.RunAsync("serve", Endpoint)).MustExit(3);

        Assert.Equal("precious", await File.ReadAllTextAsync(Path.Combine(SocketPath, "inside")));
    }

    [Fact]
    public async Task Serve_SymbolicLinkAtThePath_IsNotFollowedToAnotherFile()
    {
        await File.WriteAllTextAsync(_folder["target"], "precious");
        File.CreateSymbolicLink(SocketPath, _folder["target"]);

        (await Command.RunAsync("serve", Endpoint)).MustExit(3);

        Assert.Equal("precious", await File.ReadAllTextAsync(_folder["target"]));
    }

    [Theory]
    [InlineData(nameof(Signal.Terminate))]
    [InlineData(nameof(Signal.Interrupt))]
    public async Task Serve_EndedBySignal_LeavesNoPathBehind(string signal)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);

        (await server.StopAsync(Enum.Parse<Signal>(signal))).MustExit(0);

        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task Connect_BacklogThatIsFullForAWhile_Waits()
    {
        using FullBacklog busy = FullBacklog.Open(Endpoint);
        await using ChildProcess client = Command.Start("connect", Endpoint, "--timeout", "30", "--trace");
        client.CloseInput();
        await client.WaitForErrorAsync(@"^socket\b");
        await Task.Delay(Limits.Quiet);
        Assert.False(client.HasEnded, client.Describe());

        // Those who filled the queue come first; the last one out is the command.
        await using (var accepting = new Accepting(busy))
            Assert.Equal(ServerMessage, (await client.EndAsync()).MustExit(0).Output);
    }

    private static void MustBeInUse(CommandResult result)
    {
        result.MustExit(3);
        Assert.Matches("^parley: cannot listen on unix:.*EADDRINUSE", result.Error);
        Assert.Empty(result.Output);
    }

    private string[] Arguments(string verb) => verb is "relay" ? [verb, Endpoint, "tcp://127.0.0.1:1"] : [verb, Endpoint];

    /// <summary>Accepts and serves whoever waits at a listener that was full.</summary>
    private sealed class Accepting : IAsyncDisposable
    {
        private readonly FullBacklog _listener;
        private readonly Task _loop;

        public Accepting(FullBacklog listener)
        {
            _listener = listener;
            _loop = LoopAsync();
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _loop.WaitAsync(Limits.Wait);
        }

        private async Task LoopAsync()
        {
            try
            {
                while (true)
                {
                    using Socket client = await _listener.AcceptAsync();
                    await RawSocket.SendAndShutdownAsync(client, ServerMessage);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
