using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>Who connects, says nothing and goes does not count as a client.</summary>
public sealed class ProbeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4", "close")]
    [InlineData("tcp4", "reset")]
    [InlineData("unix", "close")]
    public async Task ServeOnce_ManyProbes_StillServesTheFirstRealClient(string kind, string end)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--once");

        await ProbeAsync(server, end, 100);

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));
        (await server.EndAsync()).MustExit(0);
    }

    [SkippableTheory]
    [InlineData("tcp4", "close")]
    [InlineData("tcp4", "reset")]
    [InlineData("unix", "close")]
    public async Task Listen_ManyProbes_StillJoinsTheFirstRealClient(string kind, string end)
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", Endpoints.New(kind, _folder));

        await ProbeAsync(server, end, 100);

        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(client, "hello"u8.ToArray());
        await server.Process.WaitForOutputAsync(5);
        await server.Process.WriteAsync(ServerMessage, close: true);
        Assert.Equal(ServerMessage, await RawSocket.ExchangeAsync(client, Array.Empty<byte>()));
        Assert.Equal("hello", (await server.EndAsync()).MustExit(0).Text);
    }

    [SkippableTheory]
    [InlineData("serve")]
    [InlineData("listen")]
    public async Task Once_ProbesOfNetcat_StillServesTheFirstRealClient(string verb)
    {
        string[] arguments = verb is "serve" ? ["serve", "tcp://127.0.0.1:0", "--once"] : ["listen", "tcp://127.0.0.1:0"];
        await using ListeningCommand server = await Command.ListenAsync(arguments);

        for (int i = 0; i < 5; i++)
            (await ChildProcess.RunAsync(Peers.OpenBsdNetcat(), "-z", "127.0.0.1", $"{server.Port}")).MustExit(0);
        if (verb is "listen")
            await server.Process.WriteAsync(ServerMessage, close: true);

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));
        (await server.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task ServeOnce_PingsOfParley_StillServesTheFirstRealClient()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", "tcp://127.0.0.1:0", "--once");

        (await Command.RunAsync("ping", server.Endpoint, "--count", "3")).MustExit(0);

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));
        (await server.EndAsync()).MustExit(0);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("reset")]
    public async Task RelayOnce_Probes_StillJoinTheFirstRealClient(string end)
    {
        await using RawListener target = RawListener.Open().Echo();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint, "--once");

        await ProbeAsync(relay, end, 10);

        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        Assert.Equal(ServerMessage, await RawSocket.ExchangeAsync(client, ServerMessage));
        client.Close();
        (await relay.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task RelayOnce_ProbesThatATargetGreets_StillJoinTheFirstRealClient()
    {
        await using RawListener target = RawListener.Open().Serve(client => RawSocket.SendAndShutdownAsync(client, ServerMessage));
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", target.Endpoint, "--once");

        await ProbeAsync(relay, "reset", 10);

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(relay.Endpoint));
        (await relay.EndAsync()).MustExit(0);
    }

    /// <summary>Standard input is at its end before anybody comes, as that of a job in a script's background.</summary>
    [Theory]
    [InlineData("--receive-only")]
    [InlineData("-q")]
    public async Task Listen_NothingToSayAndProbes_StillJoinsTheFirstRealClient(string option)
    {
        string endpoint = Endpoints.New("unix", _folder);
        await using ChildProcess server = Command.Start("listen", endpoint, option);
        server.CloseInput();
        for (int i = 0; i < 20; i++)
            (await Command.RunAsync("ping", endpoint, "--wait", "30", "-q")).MustExit(0);
        Assert.False(server.HasEnded, server.Describe());

        using Socket client = await RawSocket.ConnectAsync(endpoint);
        await RawSocket.SendAndShutdownAsync(client, "hello"u8.ToArray());

        Assert.Equal("hello", (await server.EndAsync()).MustExit(0).Text);
    }

    private static async Task ProbeAsync(ListeningCommand server, string end, int times)
    {
        for (int i = 0; i < times; i++)
        {
            Socket probe = await RawSocket.ConnectAsync(server.Endpoint);
            if (end is "reset")
                RawSocket.Reset(probe);
            else
                probe.Close();
        }

        Assert.False(server.Process.HasEnded, server.Process.Describe());
    }
}
