using System.Net.Sockets;
using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>A standard output that is closed, full, or a terminal.</summary>
public sealed class StandardOutputTests : IDisposable
{
    // Sets the title, rings, colours, erases, hides in a C1 control, and turns what follows round; the rest is for people.
    private const string Hostile = "\u001b]0;owned\u0007\u001b[31mred\u001b[2J\u009b2Jback\b\b\u202eplain kůň\n";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--receive-only")]
    [InlineData("--idle-timeout=60")]
    public async Task Connect_ReaderThatHasSeenEnough_EndsInSilence(string option)
    {
        byte[] chunk = Random(64 * Kilobyte);
        await using RawListener server = RawListener.Open().Serve(async client =>
        {
            while (true)
                await RawSocket.SendAsync(client, chunk);
        });
        string command = Command.Shell("connect", server.Endpoint, option);
        await using ChildProcess pipeline = Command.StartScript($"{{ {command} 2>{_folder["err"]}; echo ended >{_folder["end"]}; }} | head -c 1");

        CommandResult result = await pipeline.EndAsync();

        Assert.Single(result.Output);
        Assert.Empty(await File.ReadAllTextAsync(_folder["err"]));
        Assert.True(File.Exists(_folder["end"]));
    }

    [Theory]
    [InlineData(14)]
    [InlineData(Megabyte)]
    public async Task Connect_FullDevice_IsAnError(int length)
    {
        await using RawListener server = RawListener.Open().Serve(client => RawSocket.SendAndShutdownAsync(client, new byte[length]));
        await using ChildProcess process = Command.StartScript($"exec {Command.Shell("connect", server.Endpoint, "--receive-only")} >/dev/full");

        CommandResult result = await process.EndAsync();

        result.MustExit(1);
        Assert.Matches("^parley: .*(ENOSPC|no space)", result.Error);
    }

    /// <summary>What was told to be undelivered must not be printed behind it, and a client has to learn that nobody takes what it says.</summary>
    [Theory]
    [InlineData("shm:", "")]
    [InlineData("unix:", "--frame=line")]
    public async Task Receive_FullDevice_EndsAtOnce(string scheme, string framing)
    {
        string[] words = [scheme + _folder["s"], .. framing.Length > 0 ? new[] { framing } : []];
        await using ListeningCommand receive = await ListeningCommand.WhenReadyAsync(Command.StartScript($"exec {Command.Shell(["receive", .. words])} >/dev/full"));
        await using ChildProcess other = Command.Start(["send", .. words]);
        await using ChildProcess send = Command.Start(["send", .. words]);

        await send.WriteAsync("one\n"u8.ToArray());

        CommandResult result = (await receive.EndAsync()).MustExit(1);
        Assert.EndsWith("parley: cannot write to standard output: no space left on device (ENOSPC)\n", result.Error, StringComparison.Ordinal);
        Assert.Single(result.ErrorLines, static line => line.Contains("not delivered", StringComparison.Ordinal) && line.Contains("\"text\":\"one\"", StringComparison.Ordinal));
        await send.WriteAsync("two\n"u8.ToArray(), close: true);
        (await send.EndAsync()).MustExit(5);
        await other.WriteAsync("three\n"u8.ToArray(), close: true);
        Assert.NotEqual(0, (await other.EndAsync()).ExitCode);
    }

    [SkippableTheory]
    [InlineData("connect")]
    [InlineData("listen")]
    public async Task Terminal_ControlCharactersOfThePeer_AreEscaped(string verb)
    {
        byte[] hostile = Encoding.UTF8.GetBytes(Hostile);
        string path = _folder["s"];
        await using RawListener? server = verb is "connect" ? RawListener.Open($"unix:{path}").Serve(client => RawSocket.SendAndShutdownAsync(client, hostile)) : null;
        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell(verb, $"unix:{path}", "--receive-only"));
        if (verb is "listen")
        {
            await ProcFs.ListeningAsync($"unix:{path}", terminal);
            using Socket client = await RawSocket.ConnectAsync($"unix:{path}");
            await RawSocket.SendAndShutdownAsync(client, hostile);
            Assert.Empty(await RawSocket.ReadToEndAsync(client));
        }

        CommandResult result = await terminal.EndAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("plain kůň", result.Text, StringComparison.Ordinal);
        Assert.Contains("red", result.Text, StringComparison.Ordinal);
        // The command itself may set the terminal up, but not with any of these.
        Assert.All(
            new[] { "\u001b]", "\u001b[31m", "\u001b[2J", "\u0007", "\u009b", "\b", "\u202e" },
            sequence => Assert.DoesNotContain(sequence, result.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pipe_ControlCharactersOfThePeer_ComeAsTheyAre()
    {
        byte[] hostile = Encoding.UTF8.GetBytes(Hostile);
        await using RawListener server = RawListener.Open().Serve(client => RawSocket.SendAndShutdownAsync(client, hostile));

        CommandResult result = await Command.RunAsync("connect", server.Endpoint);

        Assert.Equal(hostile, result.MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Terminal_InputAndOutput_AreTheTerminals()
    {
        await using RawListener server = RawListener.Open().Echo();
        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell("connect", server.Endpoint));

        await terminal.WriteAsync("hello\n"u8.ToArray());

        // Once from the terminal's own echo, once from the peer.
        await Eventually.TrueAsync(
            () => Encoding.UTF8.GetString(terminal.OutputSoFar).Split("hello").Length == 3,
            () => $"an echo on the terminal: {Encoding.UTF8.GetString(terminal.OutputSoFar)}");
        // Ctrl+D ends the input.
        await terminal.WriteAsync(new byte[] { 4 });
        Assert.Equal(0, (await terminal.EndAsync()).ExitCode);
    }

    [SkippableTheory]
    [InlineData("connect")]
    [InlineData("listen")]
    public async Task Terminal_PeerThatEnds_EndsTheCommandThoughItsInputHasNotEnded(string verb)
    {
        string endpoint = $"unix:{_folder["s"]}";
        await using RawListener? server = verb is "connect" ? RawListener.Open(endpoint).Serve(client => RawSocket.SendAndShutdownAsync(client, ServerMessage)) : null;
        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell(verb, endpoint));
        if (verb is "listen")
        {
            await ProcFs.ListeningAsync(endpoint, terminal);
            using Socket client = await RawSocket.ConnectAsync(endpoint);
            await RawSocket.SendAndShutdownAsync(client, ServerMessage);
            Assert.Empty(await RawSocket.ReadToEndAsync(client));
        }

        CommandResult result = await terminal.EndAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Server Message", result.Text, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Terminal_ControlC_Is130()
    {
        await using RawListener server = RawListener.Open().Echo();
        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell("connect", server.Endpoint));
        await terminal.WriteAsync("hello\n"u8.ToArray());
        await Eventually.TrueAsync(
            () => Encoding.UTF8.GetString(terminal.OutputSoFar).Split("hello").Length == 3,
            () => $"an echo on the terminal: {Encoding.UTF8.GetString(terminal.OutputSoFar)}");

        await terminal.WriteAsync(new byte[] { 3 });

        Assert.Equal(130, (await terminal.EndAsync()).ExitCode);
    }
}
