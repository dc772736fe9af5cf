using System.Net.Sockets;

namespace Parley.Cli.Tests.Faults;

/// <summary>Peers that would keep a server from ending after SIGTERM, and a standard input that is not there.</summary>
public sealed class StubbornPeerTests
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    [Fact]
    public async Task Relay_TargetThatNeverReads_EndsWithTheDrainTime()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--drain-timeout", "1");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket stalled = await RawSocket.AcceptAsync(target.Socket);
        await FillAsync(client);

        CommandResult result = await relay.StopAsync();

        result.MustExit(1);
        Assert.Contains("cut off", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RelayIdleTimeout_TargetThatNeverReads_IsBrokenOff()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--idle-timeout", "1");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket stalled = await RawSocket.AcceptAsync(target.Socket);
        await FillAsync(client);

        await Eventually.TrueAsync(() => !RawSocket.IsEstablished(client), "the client broken off");
    }

    [Fact]
    public async Task Relay_TargetThatIsStillTried_EndsWithTheDrainTime()
    {
        using Socket dead = RawSocket.Bind(AnyPort);
        await using ListeningCommand relay = await Command.ListenAsync(
            "relay", AnyPort, RawSocket.EndpointOf(dead), "--retry", "1000", "--drain-timeout", "1");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        await Eventually.TrueAsync(() => ProcFs.SocketCount(relay.Process.Id) >= 2, "the client taken");

        (await relay.StopAsync()).MustExit(1);
    }

    [Fact]
    public async Task Connect_StandardInputClosed_IsToldAndSendsNothing()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.StartScript($"{Command.Shell("connect", RawSocket.EndpointOf(server))} <&-");

        CommandResult result = await client.EndAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("standard input is closed", result.Error, StringComparison.Ordinal);
    }

    /// <summary>Sends until nothing more goes: everything between here and the one who does not read is full.</summary>
    private static async Task FillAsync(Socket client)
    {
        var chunk = new byte[256 * 1024];
        client.SendTimeout = 0;
        while (true)
        {
            using var stalled = new CancellationTokenSource(Limits.Quiet);
            try
            {
                await client.SendAsync(chunk, SocketFlags.None, stalled.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
