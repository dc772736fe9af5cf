using System.Net.Sockets;
using System.Text.Json;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Options;

/// <summary>What the command says besides the data: nothing, more, progress, colours, help.</summary>
public sealed class OutputOptionTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private static readonly Dictionary<string, string> NoColour = new(StringComparer.Ordinal) { ["NO_COLOR"] = "1" };

    private static readonly string[] AllVerbs = ["serve", "connect", "listen", "relay", "ping", "demo"];

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Verbs => new(AllVerbs);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Quiet_ServeAndConnect_SayNothingOnStandardError()
    {
        await using ChildProcess server = Command.Start("serve", AnyPort, "-q");
        int port = await ProcFs.ListeningPortAsync(server);

        CommandResult client = await Command.RunAsync("connect", $"tcp://127.0.0.1:{port}", "-q");
        server.Send(Signal.Terminate);

        client.MustExit(0);
        Assert.Equal(ServerMessage, client.Output);
        Assert.Empty(client.Error);
        Assert.Empty((await server.EndAsync()).MustExit(0).Error);
    }

    [Fact]
    public async Task Quiet_Failure_IsOnlyTheExitCode()
    {
        using Socket bound = RawSocket.Bind(AnyPort);

        CommandResult client = await Command.RunAsync("connect", RawSocket.EndpointOf(bound), "-q");

        client.MustExit(3);
        Assert.Empty(client.Error);
        Assert.Empty(client.Output);
    }

    [Fact]
    public async Task Verbose_ServedClient_IsSummedUpInOneLine()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "-v");

        await RawSocket.ReceiveFromAsync(server.Endpoint);

        await server.Process.WaitForErrorAsync(@"^tcp://127\.0\.0\.1:\d+: .*14 bytes out, 0 bytes in, .*ended by");
        Assert.Single(server.Messages);
    }

    [Fact]
    public async Task Verbose_Connect_IsSummedUpInOneLine()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort);

        CommandResult client = await Command.RunAsync("connect", server.Endpoint, "-v");

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        Assert.Matches(@"\b14 bytes in\b", client.Error);
        Assert.Matches(@"\b0 bytes out\b", client.Error);
    }

    [Fact]
    public async Task Verbose_ClientThatDoesNotTakeEverything_IsToldWithWhatWasNotDelivered()
    {
        WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["file"], "-v");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint, receiveBuffer: 8192);

        await RawSocket.ReadExactlyAsync(client, 1000);
        RawSocket.Reset(client);

        await server.Process.WaitForErrorAsync(@"^tcp://127\.0\.0\.1:\d+: .*(ECONNRESET|EPIPE|reset|broken off)");
        Assert.Matches("not delivered|undelivered", server.Process.ErrorSoFar);
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("serve")]
    public async Task Progress_Transfer_IsShownOnStandardError(string verb)
    {
        byte[] file = WriteFile(_folder["file"], 8 * Megabyte);
        string[] option = ["--progress"];
        await using ListeningCommand server = await Command.ListenAsync(
            ["serve", AnyPort, "--file", _folder["file"], "--once", .. verb is "serve" ? option : []]);

        CommandResult client = await Command.RunAsync(["connect", server.Endpoint, .. verb is "connect" ? option : []]);
        CommandResult served = await server.EndAsync();

        MustEqual(file, client.MustExit(0).Output);
        Assert.Matches(@"\d ?([kKMG]i?)?(B\b|bytes)", verb is "connect" ? client.Error : served.MustExit(0).Error);
    }

    [SkippableTheory]
    [InlineData("--help")]
    [InlineData("connect", "tpc://localhost:1")]
    [InlineData("ping", "unix:/nowhere/at/all")]
    [InlineData("demo")]
    public async Task NoColor_OnATerminal_LeavesNoStyles(params string[] arguments)
    {
        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell(arguments), NoColour);
        terminal.CloseInput();

        CommandResult result = await terminal.EndAsync(Limits.Transfer);

        Assert.NotEmpty(result.Output);
        Assert.DoesNotMatch("\u001b\\[[0-9;:]*m", result.Text);
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Help_Verb_HasExamples(string verb)
    {
        CommandResult result = await Command.RunAsync(verb, "--help");

        result.MustExit(0);
        Assert.Contains("Examples", result.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"parley {verb}", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Text);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task HelpListen_OneClient_HasNoWordsAboutSeveral()
    {
        CommandResult result = await Command.RunAsync("listen", "--help");

        result.MustExit(0);
        Assert.DoesNotContain("--max-connections", result.Text, StringComparison.Ordinal);
        Assert.DoesNotMatch("clients at once|until they are accepted|conversations|for serve", result.Text);
    }

    [Fact]
    public async Task Help_Command_NamesEveryVerbAndHasExamples()
    {
        CommandResult result = await Command.RunAsync("--help");

        result.MustExit(0);
        Assert.Contains("Examples", result.Text, StringComparison.OrdinalIgnoreCase);
        Assert.All(AllVerbs, verb => Assert.Contains(verb, result.Text, StringComparison.Ordinal));
        Assert.Matches(@"\n  connect \[ENDPOINT\] ", result.Text);
        Assert.Matches(@"\n  listen <ENDPOINT> ", result.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("connect")]
    [InlineData("help")]
    public async Task Help_AsAVerb_IsTheSameAsTheOption(string verb)
    {
        string[] verbs = verb.Length == 0 ? [] : [verb];

        CommandResult asVerb = await Command.RunAsync(["help", .. verbs]);
        CommandResult asOption = await Command.RunAsync([.. verbs, "--help"]);

        Assert.Equal(asOption.MustExit(0).Text, asVerb.MustExit(0).Text);
        Assert.Empty(asVerb.Error);
    }

    [Fact]
    public async Task Version_Command_IsANumber()
    {
        CommandResult result = await Command.RunAsync("--version");

        result.MustExit(0);
        Assert.Matches(@"\d+\.\d+\.\d+", result.Text);
    }

    [Fact]
    public async Task DemoJson_EveryChannel_NamesTheEndpointThatWasUsed()
    {
        CommandResult result = await Command.RunAsync(new Launch("demo", "--json") { Limit = Limits.Transfer });

        string[] endpoints = [.. result.MustExit(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(EndpointOf)];
        Assert.Contains(endpoints, static endpoint => endpoint.StartsWith("tcp://127.0.0.1:", StringComparison.Ordinal));
        Assert.Contains(endpoints, static endpoint => endpoint.StartsWith("tls://127.0.0.1:", StringComparison.Ordinal));
        Assert.DoesNotContain(endpoints, static endpoint => endpoint.EndsWith(":0", StringComparison.Ordinal));

        static string EndpointOf(string line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            return row.RootElement.GetProperty("endpoint").GetString()!;
        }
    }

    [Fact]
    public async Task Demo_EveryChannel_CarriesTheMessage()
    {
        CommandResult result = await Command.RunAsync(new Launch("demo") { Limit = Limits.Transfer });

        result.MustExit(0);
        Assert.Contains("tcp", result.Text, StringComparison.Ordinal);
        Assert.Contains("unix", result.Text, StringComparison.Ordinal);
        Assert.Contains("Server Message", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Text);
        string[] lines = result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("round trip, 64 B", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^\d+ channels, .*: all of them talk\.$", lines[^1]);
    }
}
