using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Options;

/// <summary>How many clients <c>serve</c> takes, for how long, and where.</summary>
public sealed class ServeLimitTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeOnce_AfterOneClient_EndsAndIsGone(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--once");

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));

        (await server.EndAsync()).MustExit(0);
        await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReceiveFromAsync(server.Endpoint));
        if (!Endpoints.IsTcp(server.Endpoint))
            Assert.False(File.Exists(Endpoints.Path(server.Endpoint)));
    }

    [Fact]
    public async Task ServeMaxConnections_OneMoreClient_WaitsUntilOneLeaves()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--echo", "--max-connections", "2");
        using Socket first = await EchoedAsync(server);
        using Socket second = await EchoedAsync(server);
        using Socket third = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(third, "x"u8.ToArray());

        Assert.True(await RawSocket.IsQuietAsync(third));
        first.Close();

        Assert.Equal("x"u8.ToArray(), await RawSocket.ReadExactlyAsync(third, 1));
        await RawSocket.SendAsync(second, "y"u8.ToArray());
        Assert.Equal("y"u8.ToArray(), await RawSocket.ReadExactlyAsync(second, 1));
    }

    [SkippableTheory]
    [InlineData(null, "10")]
    [InlineData("33", "33")]
    public async Task ServeBacklog_AnyNumber_IsWhatTheKernelHas(string? backlog, string expected)
    {
        string ss = Programs.Require("ss");
        string[] option = backlog is null ? [] : ["--backlog", backlog];
        await using ListeningCommand server = await Command.ListenAsync(["serve", AnyPort, .. option]);

        CommandResult table = await ChildProcess.RunAsync(ss, "-Hltn", $"sport = :{server.Port}");

        Assert.Equal(expected, table.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeIdleTimeout_SilentClient_IsBrokenOffAndOthersAreServed(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--echo", "--idle-timeout", "1");
        using Socket silent = await RawSocket.ConnectAsync(server.Endpoint);

        await AssertEndsAsync(silent);

        using Socket next = await RawSocket.ConnectAsync(server.Endpoint);
        Assert.Equal("hello"u8.ToArray(), await RawSocket.ExchangeAsync(next, "hello"u8.ToArray()));
        Assert.False(server.Process.HasEnded);
    }

    [Theory]
    [InlineData(null, "600")]
    [InlineData("0666", "666")]
    [InlineData("660", "660")]
    public async Task ServeMode_UnixPath_HasThatModeWhateverTheUmask(string? mode, string expected)
    {
        string path = _folder["s"];
        string[] option = mode is null ? [] : ["--mode", mode];
        await using ChildProcess process = Command.StartScript($"umask 027; exec {Command.Shell(["serve", $"unix:{path}", .. option])}");
        await ListeningCommand.WhenReadyAsync(process);

        Assert.Equal(Convert.ToInt32(expected, 8), (int)File.GetUnixFileMode(path));
        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync($"unix:{path}"));
    }

    [Fact]
    public async Task ServeDryRun_AnyEndpoint_SaysItAndOpensNothing()
    {
        string endpoint = $"unix:{_folder["s"]}";

        CommandResult result = await Command.RunAsync("serve", endpoint, "--dry-run");

        result.MustExit(0);
        Assert.Contains(endpoint, result.Text + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("listening on", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private static async Task<Socket> EchoedAsync(ListeningCommand server)
    {
        Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(client, "a"u8.ToArray());
        await RawSocket.ReadExactlyAsync(client, 1);
        return client;
    }

    private static async Task AssertEndsAsync(Socket client)
    {
        try
        {
            Assert.Empty(await RawSocket.ReadToEndAsync(client));
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }
}
