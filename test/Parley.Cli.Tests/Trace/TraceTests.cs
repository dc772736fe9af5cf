using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Trace;

/// <summary><c>--trace</c> shows the tutorial's calls as they happen; <c>--trace-json</c> the same for programs.</summary>
public sealed class TraceTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private static readonly string[] ServerCalls = ["socket", "bind", "listen", "accept", "write", "shutdown", "close"];
    private static readonly string[] ClientCalls = ["socket", "connect", "read", "close"];

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Kinds => Endpoints.Kinds;

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Trace_Serve_ShowsTheTutorialsServer(string kind)
    {
        CommandResult server = await ServeOneAsync(kind, "--trace");

        MustMentionInOrder(server.Error, ServerCalls);
        Assert.Empty(server.Output);
        Assert.DoesNotContain(server.ErrorLines, line => line.StartsWith('{'));
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Trace_Connect_ShowsTheTutorialsClient(string kind)
    {
        (ChildProcess server, string endpoint) = await CPrograms.ListenAsync("server", Endpoints.New(kind, _folder));
        await using ChildProcess _ = server;

        CommandResult client = await Command.RunAsync("connect", endpoint, "--trace");

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        MustMentionInOrder(client.Error, ClientCalls);
    }

    [Fact]
    public async Task TraceJson_AnyText_IsReadableAndHasNoControlCharacter()
    {
        string endpoint = $"unix:{_folder["a+b'<é>\u001b[1m\u009b\u007f\n"]}";

        CommandResult result = await Command.RunAsync("connect", endpoint, "--trace-json");

        result.MustExit(3);
        Assert.Contains("a+b'<é>", result.ErrorLines.First(line => line.StartsWith('{')), StringComparison.Ordinal);
        Assert.DoesNotContain(result.Error, character => char.IsControl(character) && character != '\n');
        TraceLine connect = Assert.Single(TraceLines.Parse(result.Error), line => line.IsCall("connect"));
        Assert.Equal(endpoint, connect.Json.GetProperty("endpoint").GetString());
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task TraceJson_Serve_HasTheTutorialsCallsInOrder(string kind)
    {
        CommandResult server = await ServeOneAsync(kind, "--trace-json");

        TraceLines.MustHaveInOrder(server.Error, ServerCalls);
        Assert.All(TraceLines.Parse(server.Error), MustHaveTheFields);
        Assert.Contains(TraceLines.Parse(server.Error), line => line.IsCall("write") && line.Result == ServerMessage.Length);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task TraceJson_Connect_HasTheTutorialsCallsInOrder(string kind)
    {
        (ChildProcess server, string endpoint) = await CPrograms.ListenAsync("server", Endpoints.New(kind, _folder));
        await using ChildProcess _ = server;

        CommandResult client = await Command.RunAsync("connect", endpoint, "--trace-json");

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        TraceLines.MustHaveInOrder(client.Error, ClientCalls);
        TraceLine[] lines = TraceLines.Parse(client.Error);
        Assert.All(lines, MustHaveTheFields);
        TraceLine[] reads = [.. lines.Where(line => line.IsCall("read") && line.Error is null)];
        Assert.Equal(ServerMessage.Length, reads.Sum(line => line.Result));
        // The last read is the end that the server's close has sent.
        Assert.Equal(0, reads[^1].Result);
    }

    [Fact]
    public async Task TraceJson_Tcp_SaysWhatTheKernelKnows()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--once", "--trace-json");

        CommandResult client = await Command.RunAsync("connect", server.Endpoint, "--trace-json");
        CommandResult served = await server.EndAsync();

        MustHaveTcpInfo(client.MustExit(0), "connect");
        MustHaveTcpInfo(client, "close");
        MustHaveTcpInfo(served.MustExit(0), "accept");
        MustHaveTcpInfo(served, "close");
        long received = TraceLines.Parse(client.Error).Where(line => line.IsCall("close")).Max(line => TcpInfo(line)?.GetProperty("bytes_received").GetInt64() ?? 0);
        Assert.InRange(received, ServerMessage.Length, ServerMessage.Length + 1);
    }

    [Fact]
    public async Task Trace_Refusal_NamesTheErrno()
    {
        using Socket bound = RawSocket.Bind(AnyPort);

        CommandResult client = await Command.RunAsync("connect", RawSocket.EndpointOf(bound), "--trace");

        client.MustExit(3);
        Assert.Matches(new Regex(@"\bconnect\b.*ECONNREFUSED", RegexOptions.None, Limits.Wait), client.Error);
        Assert.Contains("parley: cannot connect to", client.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TraceJson_Refusal_NamesTheErrno()
    {
        using Socket bound = RawSocket.Bind(AnyPort);

        CommandResult client = await Command.RunAsync("connect", RawSocket.EndpointOf(bound), "--trace-json");

        client.MustExit(3);
        TraceLine refused = Assert.Single(TraceLines.Parse(client.Error), line => line.IsCall("connect"));
        Assert.Equal("ECONNREFUSED", refused.Error);
    }

    [Fact]
    public async Task TraceJson_PortInUse_NamesTheErrno()
    {
        using Socket taken = RawSocket.Listen();

        CommandResult server = await Command.RunAsync("serve", RawSocket.EndpointOf(taken), "--trace-json");

        server.MustExit(3);
        Assert.Contains(TraceLines.Parse(server.Error), line => line.Call is "bind" or "listen" && line.Error is "EADDRINUSE");
    }

    [Fact]
    public async Task TraceJson_Descriptors_AreThoseOfOneConversation()
    {
        CommandResult server = await ServeOneAsync("tcp4", "--trace-json");
        TraceLine[] lines = TraceLines.Parse(server.Error);

        long listening = Descriptor(lines.First(line => line.IsCall("bind")));
        Assert.Equal(listening, Descriptor(lines.First(line => line.IsCall("listen"))));
        long client = Descriptor(lines.First(line => line.IsCall("write")));
        Assert.NotEqual(listening, client);
        Assert.Equal(client, Descriptor(lines.First(line => line.IsCall("shutdown"))));
        Assert.Contains(lines, line => line.IsCall("close") && Descriptor(line) == client);
    }

    [Theory]
    [InlineData("listen")]
    [InlineData("relay")]
    public async Task TraceJson_OtherVerbs_ShowTheirCallsToo(string verb)
    {
        await using RawListener target = RawListener.Open().Echo();
        string[] arguments = verb is "listen" ? [verb, AnyPort] : [verb, AnyPort, target.Endpoint, "--once"];
        await using ListeningCommand server = await Command.ListenAsync([.. arguments, "--trace-json"]);
        using (Socket client = await RawSocket.ConnectAsync(server.Endpoint))
        {
            Task written = server.Process.WriteAsync(ServerMessage, close: true);
            Assert.Equal(ServerMessage, await RawSocket.ExchangeAsync(client, ServerMessage));
            await written;
        }

        CommandResult result = (await server.EndAsync()).MustExit(0);

        TraceLines.MustHaveInOrder(result.Error, "socket", "bind", "listen", "accept", "read", "close");
        Assert.Equal(verb is "relay", TraceLines.Parse(result.Error).Any(line => line.IsCall("connect")));
    }

    private async Task<CommandResult> ServeOneAsync(string kind, string option)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--once", option);
        Assert.Equal(ServerMessage, (await CPrograms.RunAsync("client", Endpoints.ForC(server.Endpoint))).MustExit(0).Output);
        return (await server.EndAsync()).MustExit(0);
    }

    private static void MustMentionInOrder(string error, string[] calls)
    {
        string[] lines = error.Split('\n');
        int at = 0;
        foreach (string call in calls)
        {
            int found = Array.FindIndex(lines, at, line => Regex.IsMatch(line, $@"\b{call}\b", RegexOptions.None, Limits.Wait));
            Assert.True(found >= 0, $"no '{call}' after line {at} of:\n{CommandResult.Shorten(error)}");
            at = found + 1;
        }
    }

    private static void MustHaveTheFields(TraceLine line)
    {
        string text = line.Json.GetRawText();
        foreach (string field in new[] { "call", "descriptor", "result", "errno", "duration_us", "endpoint", "meaning" })
            Assert.True(line.Json.TryGetProperty(field, out _), $"no '{field}' in {text}");
        Assert.NotEqual(0, line.Json.GetProperty("meaning").GetString()?.Length ?? 0);
        Assert.True(line.Json.GetProperty("duration_us").GetDouble() >= 0, text);
        Assert.True(Descriptor(line) >= -1, text);
    }

    private static long Descriptor(TraceLine line) => line.Json.GetProperty("descriptor").GetInt64();

    private static JsonElement? TcpInfo(TraceLine line) =>
        line.Json.TryGetProperty("tcp", out JsonElement tcp) && tcp.ValueKind == JsonValueKind.Object ? tcp : null;

    private static void MustHaveTcpInfo(CommandResult result, string call)
    {
        JsonElement[] known = [.. TraceLines.Parse(result.Error).Where(line => line.IsCall(call)).Select(TcpInfo).OfType<JsonElement>()];
        Assert.True(known.Length > 0, $"no TCP_INFO at {call}: {result}");
        foreach (string field in new[] { "rtt_us", "retransmits", "bytes_acked", "bytes_received" })
            Assert.All(known, tcp => Assert.True(tcp.GetProperty(field).GetInt64() >= 0));
    }
}
