using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Options;

/// <summary>How <c>connect</c> gets there, and which way it carries.</summary>
public sealed class ConnectOptionTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ConnectRetry_ServerThatComesLater_IsReached()
    {
        // Bound but not listening: refused, and nobody else can take the port.
        using Socket server = RawSocket.Bind("tcp://127.0.0.1:0");
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server), "--retry", "20", "--trace");
        client.CloseInput();
        await client.WaitForErrorAsync("ECONNREFUSED");

        server.Listen();
        using (Socket accepted = await RawSocket.AcceptAsync(server))
            await RawSocket.SendAndShutdownAsync(accepted, "late"u8.ToArray());

        Assert.Equal("late", (await client.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task ConnectRetry_UnixServerThatComesLater_IsReached()
    {
        string endpoint = $"unix:{_folder["s"]}";
        await using ChildProcess client = Command.Start("connect", endpoint, "--retry", "20", "--trace");
        client.CloseInput();
        await client.WaitForErrorAsync("ENOENT");

        await using ListeningCommand server = await Command.ListenAsync("serve", endpoint);

        Assert.Equal(ServerMessage, (await client.EndAsync()).MustExit(0).Output);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task ConnectRetry_NobodyEver_TriesSoOftenAndFails(int retries)
    {
        using Socket bound = RawSocket.Bind("tcp://127.0.0.1:0");

        CommandResult client = await Command.RunAsync("connect", RawSocket.EndpointOf(bound), "--retry", $"{retries}", "--trace-json");

        client.MustExit(3);
        Assert.Equal(1 + retries, TraceLines.Parse(client.Error).Count(line => line.IsCall("connect")));
    }

    [Fact]
    public async Task ConnectRetryVerbose_NobodyEver_IsToldTryByTry()
    {
        using Socket bound = RawSocket.Bind("tcp://127.0.0.1:0");
        string endpoint = RawSocket.EndpointOf(bound);

        CommandResult client = await Command.RunAsync("connect", endpoint, "--retry", "2", "-v");

        client.MustExit(3);
        string failure = Regex.Escape($"cannot connect to {endpoint}: connection refused (ECONNREFUSED)");
        Assert.Matches($@"^parley: Try 1 of 3: {failure}; the next one is in \d+ ms\.$", client.ErrorLines[0]);
        Assert.Matches($@"^parley: Try 2 of 3: {failure}; the next one is in \d+ ms\.$", client.ErrorLines[1]);
        Assert.Matches($"^parley: {failure}$", client.ErrorLines[2]);
    }

    [Fact]
    public async Task ConnectRetry_WithoutVerbose_IsSilentUntilTheEnd()
    {
        using Socket bound = RawSocket.Bind("tcp://127.0.0.1:0");

        CommandResult client = await Command.RunAsync("connect", RawSocket.EndpointOf(bound), "--retry", "2");

        Assert.DoesNotContain("Try", client.MustExit(3).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectReceiveOnly_InputThatIsThere_IsNeitherReadNorEndsAnything()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server), "--receive-only");
        await client.WriteAsync("not for you"u8.ToArray(), close: true);
        using Socket accepted = await RawSocket.AcceptAsync(server);

        Assert.True(await RawSocket.IsQuietAsync(accepted));
        await RawSocket.SendAndShutdownAsync(accepted, ServerMessage);

        Assert.Equal(ServerMessage, (await client.EndAsync()).MustExit(0).Output);
        Assert.Empty(await RawSocket.ReadToEndAsync(accepted));
    }

    [Fact]
    public async Task ConnectSendOnly_WhateverThePeerSays_IsNotPrinted()
    {
        byte[] said = Random(Megabyte);
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server), "--send-only");
        Task written = client.WriteAsync(said, close: true);
        using Socket accepted = await RawSocket.AcceptAsync(server);

        MustEqual(said, await RawSocket.ExchangeAsync(accepted, "chatter"u8.ToArray()));
        await written;

        Assert.Empty((await client.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task ConnectIdleTimeout_BytesThatKeepComing_AreNotIdle()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server), "--idle-timeout", "2");
        using Socket accepted = await RawSocket.AcceptAsync(server);

        // Longer than the limit in all, never so long without a byte.
        for (int i = 1; i <= 12; i++)
        {
            await RawSocket.SendAsync(accepted, "."u8.ToArray());
            await client.WaitForOutputAsync(i);
            await Task.Delay(Limits.Quiet);
        }

        accepted.Shutdown(SocketShutdown.Both);
        client.CloseInput();
        Assert.Equal("............", (await client.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Ping_ListeningEndpoint_IsThere()
    {
        using Socket server = RawSocket.Listen();

        CommandResult result = await Command.RunAsync("ping", RawSocket.EndpointOf(server));

        result.MustExit(0);
        Assert.Matches("connected in [0-9.]+ (µs|ms|s)\n$", result.Text);
    }

    [Fact]
    public async Task PingVerbose_Tcp_SaysWhoAnsweredAndWhatTheKernelKnows()
    {
        using Socket server = RawSocket.Listen();
        int port = ((IPEndPoint)server.LocalEndPoint!).Port;

        CommandResult result = await Command.RunAsync("ping", $"localhost:{port}", "-v");

        Assert.Matches($@"^tcp://localhost:{port}: connected in [^\n]+\n$", result.MustExit(0).Text);
        Assert.Matches(
            $@"^  answered by tcp://127\.0\.0\.1:{port}, from tcp://127\.0\.0\.1:\d+, TCP_INFO: round trip .*, \d+ retransmits\n$", result.Error);
    }

    [Fact]
    public async Task PingVerbose_Unix_SaysWhichProcessAnswered()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", $"unix:{_folder["s"]}");

        CommandResult result = await Command.RunAsync("ping", server.Endpoint, "-v");

        Assert.Matches($@"^  answered by {Regex.Escape(server.Endpoint)}, process {server.Process.Id} of user \d+\n$", result.MustExit(0).Error);
    }

    [Fact]
    public async Task PingCount_ListeningEndpoint_ConnectsSoOften()
    {
        using Socket server = RawSocket.Listen();

        (await Command.RunAsync("ping", RawSocket.EndpointOf(server), "--count", "3")).MustExit(0);

        for (int i = 0; i < 3; i++)
        {
            using Socket accepted = await RawSocket.AcceptAsync(server);

            // A reset, as health checks do: nothing was taken, so nobody was served.
            SocketException reset = await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReadToEndAsync(accepted));
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }

        Assert.False(server.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    [Fact]
    public async Task PingJson_ListeningEndpoint_IsJsonOnStandardOutput()
    {
        using Socket server = RawSocket.Listen();
        string endpoint = RawSocket.EndpointOf(server);

        CommandResult result = await Command.RunAsync("ping", endpoint, "--json");

        result.MustExit(0);
        using JsonDocument document = JsonDocument.Parse(result.Text);
        Assert.Contains(endpoint, document.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PingWait_ServerThatComesLater_IsWaitedFor()
    {
        string endpoint = $"unix:{_folder["s"]}";
        await using ChildProcess ping = Command.Start("ping", endpoint, "--wait", "30", "--trace");
        ping.CloseInput();
        await ping.WaitForErrorAsync("ENOENT");

        await using ListeningCommand server = await Command.ListenAsync("serve", endpoint);

        (await ping.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task PingWait_NobodyEver_Fails()
    {
        using Socket bound = RawSocket.Bind("tcp://127.0.0.1:0");

        CommandResult result = await Command.RunAsync("ping", RawSocket.EndpointOf(bound), "--wait", "1");

        Assert.True(result.ExitCode is 3 or 4, result.ToString());
    }
}
