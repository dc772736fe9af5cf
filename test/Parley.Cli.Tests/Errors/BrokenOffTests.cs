using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Errors;

/// <summary>Conversations that end before their time: what has arrived is printed, and the exit code says why.</summary>
public sealed class BrokenOffTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("tcp6")]
    public async Task Connect_ResetInMidTransfer_IsBrokenOff(string kind)
    {
        const int Before = 100 * Kilobyte;
        (ChildProcess server, string endpoint) = await CPrograms.ListenAsync("reset_server", Endpoints.New(kind, _folder), $"{Before}");
        await using ChildProcess _ = server;
        await using ChildProcess client = Command.Start("connect", endpoint);
        await client.WaitForOutputAsync(Before);

        await client.WriteAsync("x"u8.ToArray());

        CommandResult result = await client.EndAsync();
        Failure.MustBe(result, "5", @"connection (was )?reset.*\(ECONNRESET\)");
        Assert.Equal(Before, result.Output.Length);
    }

    [SkippableFact]
    public async Task Listen_ResetInMidTransfer_IsBrokenOff()
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", AnyPort);
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(client, ServerMessage);
        await server.Process.WaitForOutputAsync(ServerMessage.Length);

        RawSocket.Reset(client);

        CommandResult result = await server.EndAsync();
        Failure.MustBe(result, "5", "ECONNRESET", afterReady: true);
        Assert.Equal(ServerMessage, result.Output);
    }

    [Fact]
    public async Task Connect_PeerThatResetsWhileInputIsSent_IsBrokenOff()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server));
        Task written = client.WriteAsync(new byte[64 * Megabyte], close: true);
        using (Socket accepted = await RawSocket.AcceptAsync(server))
        {
            await RawSocket.ReadExactlyAsync(accepted, 1000);
            RawSocket.Reset(accepted);
        }

        CommandResult result = await client.EndAsync();
        await written;
        Failure.MustBe(result, "5", "ECONNRESET|EPIPE");
        Assert.Empty(result.Output);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task Connect_UnixOrTcpPeerThatClosesWithInputUnread_IsBrokenOff(string kind)
    {
        await using RawListener server = RawListener.Open(Endpoints.New(kind, _folder));
        await using ChildProcess client = Command.Start("connect", server.Endpoint);
        Task written = client.WriteAsync(new byte[64 * Megabyte], close: true);
        using (Socket accepted = await RawSocket.AcceptAsync(server.Socket))
            await RawSocket.ReadExactlyAsync(accepted, 1000);

        CommandResult result = await client.EndAsync();
        await written;
        Failure.MustBe(result, "5", "ECONNRESET|EPIPE");
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ConnectIdleTimeout_SilentPeer_TimesOut(string kind)
    {
        await using RawListener server = RawListener.Open(Endpoints.New(kind, _folder));
        await using ChildProcess client = Command.Start("connect", server.Endpoint, "--idle-timeout", "1");

        CommandResult result = await client.EndAsync();

        Failure.MustBe(result, "4", "idle|timed out|no byte");
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task ConnectIdleTimeout_PeerThatStopsReading_TimesOut()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server), "--idle-timeout", "1");
        Task written = client.WriteAsync(new byte[64 * Megabyte]);

        Failure.MustBe(await client.EndAsync(), "4", "idle|timed out|no byte");
        await written;
    }

    [Fact]
    public async Task ListenIdleTimeout_SilentClient_TimesOut()
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", AnyPort, "--idle-timeout", "1");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(client, ServerMessage);

        CommandResult result = await server.EndAsync();

        Failure.MustBe(result, "4", "idle|timed out|no byte", afterReady: true);
        Assert.Equal(ServerMessage, result.Output);
    }

    [Fact]
    public async Task ListenTimeout_NobodyCame_TimesOut()
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", $"unix:{_folder["s"]}", "--timeout", "1");

        CommandResult result = await server.EndAsync();

        Failure.MustBe(result, "4", "timed out|nobody|no client", afterReady: true);
        Assert.Empty(result.Output);
        Assert.False(File.Exists(_folder["s"]));
    }

    [Fact]
    public async Task ListenTimeout_ClientThatCame_IsNotTimedOut()
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", AnyPort, "--timeout", "10", "--receive-only");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        Assert.Empty(await RawSocket.ExchangeAsync(client, ServerMessage));

        Assert.Equal(ServerMessage, (await server.EndAsync()).MustExit(0).Output);
    }
}
