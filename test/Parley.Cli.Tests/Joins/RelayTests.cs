using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Joins;

/// <summary><c>relay</c>: each client of one endpoint gets a connection of its own to another.</summary>
public sealed class RelayTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4", "unix")]
    [InlineData("unix", "tcp4")]
    [InlineData("tcp6", "abstract")]
    [InlineData("abstract", "tcp6")]
    public async Task Relay_TwentyClientsAtOnce_EachIsJoinedToItsOwnConnection(string from, string to)
    {
        await using RawListener target = RawListener.Open(Endpoints.New(to, _folder)).Echo();
        await using ListeningCommand relay = await Command.ListenAsync("relay", Endpoints.New(from, _folder), target.Endpoint);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            byte[] said = Random(512 * Kilobyte);
            using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
            MustEqual(said, await RawSocket.ExchangeAsync(client, said));
        })).WaitAsync(Limits.Transfer);

        Assert.Empty(relay.Messages);
        (await relay.StopAsync()).MustExit(0);
    }

    [Theory]
    [InlineData("tcp4", "unix")]
    [InlineData("unix", "tcp4")]
    public async Task Relay_LargeDataBothWays_ArrivesWhole(string from, string to)
    {
        byte[] there = Random(32 * Megabyte);
        byte[] back = Random(32 * Megabyte);
        await using RawListener target = RawListener.Open(Endpoints.New(to, _folder));
        await using ListeningCommand relay = await Command.ListenAsync("relay", Endpoints.New(from, _folder), target.Endpoint);
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target.Socket);

        byte[][] arrived = await Task.WhenAll(RawSocket.ExchangeAsync(server, back), RawSocket.ExchangeAsync(client, there));

        MustEqual(there, arrived[0]);
        MustEqual(back, arrived[1]);
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:0", "tcp://127.0.0.1:0")]
    [InlineData("tcp://127.0.0.1:5000", "tcp://127.0.0.2:5000")]
    [InlineData("tcp://0.0.0.0:5000", "tcp://[::1]:5000")]
    [InlineData("tcp://127.0.0.2:5000", "localhost:5000")]
    [InlineData("unix:/tmp/s", "unix:@/tmp/s")]
    public async Task RelayDryRun_TargetThatOnlyLooksLikeItself_IsNotRefused(string listen, string target)
    {
        CommandResult result = await Command.RunAsync("relay", listen, target, "--dry-run");

        result.MustExit(0);
        Assert.Contains($"would listen on {listen}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Relay_HalfCloseOfEitherSide_IsCarried()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint);
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target.Socket);

        await RawSocket.SendAndShutdownAsync(client, "question"u8.ToArray());
        Assert.Equal("question"u8.ToArray(), await RawSocket.ReadToEndAsync(server));
        await RawSocket.SendAndShutdownAsync(server, "answer"u8.ToArray());

        Assert.Equal("answer"u8.ToArray(), await RawSocket.ReadToEndAsync(client));
    }

    [Fact]
    public async Task Relay_ResetOfTheTarget_IsCarriedToTheClient()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint);
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target.Socket);
        await RawSocket.SendAsync(server, "half of"u8.ToArray());
        await RawSocket.ReadExactlyAsync(client, "half of".Length);

        RawSocket.Reset(server);

        // An end would say that this was all.
        SocketException broken = await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReadToEndAsync(client));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }

    [Fact]
    public async Task Relay_TargetThatIsNotThere_ResetsThatClientAndGoesOn()
    {
        using Socket target = RawSocket.Bind("tcp://127.0.0.1:0");
        string endpoint = RawSocket.EndpointOf(target);
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", endpoint);

        // The reset may come before the client has noticed that it is connected.
        SocketException broken = await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReceiveFromAsync(relay.Endpoint));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);

        await relay.Process.WaitForErrorAsync($"cannot connect to {endpoint}: connection refused \\(ECONNREFUSED\\)");
        target.Listen();
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target);
        await RawSocket.SendAndShutdownAsync(server, ServerMessage);
        Assert.Equal(ServerMessage, await RawSocket.ReadToEndAsync(client));
    }

    [Fact]
    public async Task RelayRetry_TargetThatComesLater_IsReachedByTheSameClient()
    {
        using Socket target = RawSocket.Bind("tcp://127.0.0.1:0");
        await using ListeningCommand relay = await Command.ListenAsync(
            "relay", "tcp://127.0.0.1:0", RawSocket.EndpointOf(target), "--retry", "20", "--trace");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        await relay.Process.WaitForErrorAsync("ECONNREFUSED");

        target.Listen();
        using Socket server = await RawSocket.AcceptAsync(target);
        await RawSocket.SendAndShutdownAsync(server, ServerMessage);

        Assert.Equal(ServerMessage, await RawSocket.ReadToEndAsync(client));
    }

    [Fact]
    public async Task RelayOnce_AfterOneClient_Ends()
    {
        await using RawListener target = RawListener.Open().Echo();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint, "--once");
        using (Socket client = await RawSocket.ConnectAsync(relay.Endpoint))
            Assert.Equal(ServerMessage, await RawSocket.ExchangeAsync(client, ServerMessage));

        (await relay.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task RelayOnce_TargetThatIsNotThere_Fails()
    {
        using Socket target = RawSocket.Bind("tcp://127.0.0.1:0");
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", RawSocket.EndpointOf(target), "--once");

        await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReceiveFromAsync(relay.Endpoint));

        (await relay.EndAsync()).MustExit(3);
    }

    [Fact]
    public async Task RelayIdleTimeout_SilentConversation_IsBrokenOff()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint, "--idle-timeout", "1");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target.Socket);

        await Eventually.TrueAsync(() => !RawSocket.IsEstablished(client) && !RawSocket.IsEstablished(server), "both sides broken off");

        Assert.False(relay.Process.HasEnded);
    }

    [Fact]
    public async Task Relay_SlowClient_SlowsOnlyItsOwnTarget()
    {
        byte[] data = Random(16 * Megabyte);
        await using RawListener target = RawListener.Open().Serve(client => RawSocket.SendAndShutdownAsync(client, data));
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint);
        using Socket stalled = await RawSocket.ConnectAsync(relay.Endpoint, receiveBuffer: 8192);
        await RawSocket.ReadExactlyAsync(stalled, 1);

        MustEqual(data, await RawSocket.ReceiveFromAsync(relay.Endpoint));
    }
}
