using System.Net.Sockets;

namespace Parley.Cli.Tests.Faults;

/// <summary>A client that has nothing to say is one all the same, where that can be told from a probe.</summary>
public sealed class SilentClientTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string> LocalKinds => ["unix", "pipe", "shm"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(LocalKinds))]
    public async Task ListenReceiveOnly_NothingIsSent_Ends(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", New(kind), "--receive-only");

        (await Command.RunAsync("connect", server.Endpoint)).MustExit(0);

        Assert.Empty((await server.EndAsync()).MustExit(0).Output);
    }

    [Theory]
    [MemberData(nameof(LocalKinds))]
    public async Task Listen_NothingIsSentEitherWay_Ends(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", New(kind));
        server.Process.CloseInput();

        (await Command.RunAsync("connect", server.Endpoint)).MustExit(0);

        Assert.Empty((await server.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task Listen_ClientThatWaitsForOurEnd_IsTheOne()
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", New("unix"));
        server.Process.CloseInput();

        (await Command.RunAsync("connect", server.Endpoint, "--receive-only")).MustExit(0);

        (await server.EndAsync()).MustExit(0);
    }

    [Theory]
    [InlineData("--receive-only")]
    [InlineData("-v")]
    public async Task ListenOverTcp_NothingIsSent_IsAnEndInOrderAndNoClient(string option)
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", "tcp://127.0.0.1:0", option);
        server.Process.CloseInput();
        for (int i = 0; i < 3; i++)
            Assert.Empty((await Command.RunAsync("connect", server.Endpoint)).MustExit(0).Error);

        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAndShutdownAsync(client, "hello"u8.ToArray());

        Assert.Equal("hello", (await server.EndAsync()).MustExit(0).Text);
    }

    [Theory]
    [InlineData("unix")]
    [InlineData("pipe")]
    [InlineData("shm")]
    [InlineData("tcp4")]
    [InlineData("tcp4", "--receive-only")]
    public async Task ListenIdleTimeout_ClientStaysAndSaysNothing_IsBrokenOff(string kind, params string[] options)
    {
        await using ListeningCommand server = await Command.ListenAsync(["listen", New(kind), "--idle-timeout", "0.2", .. options]);
        await using ChildProcess client = Command.Start("connect", server.Endpoint);

        CommandResult result = await server.EndAsync();

        Errors.Failure.MustBe(result, "4", "cannot read from .*: no byte moved in either direction for 0.2 s", Errors.Failure.None, afterReady: true);
    }

    [Theory]
    [InlineData("unix")]
    [InlineData("shm")]
    public async Task ServeOnce_NothingIsSent_Ends(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", New(kind), "--echo", "--once");

        (await Command.RunAsync("connect", server.Endpoint)).MustExit(0);

        (await server.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task RelayOnce_NothingIsSent_Ends()
    {
        await using RawListener target = RawListener.Open().Echo();
        await using ListeningCommand relay = await Command.ListenAsync("relay", New("unix"), target.Endpoint, "--once");

        (await Command.RunAsync("connect", relay.Endpoint)).MustExit(0);

        (await relay.EndAsync()).MustExit(0);
    }

    private string New(string kind) => kind is "unix" or "tcp4" ? Endpoints.New(kind, _folder) : $"{kind}:{_folder["s"]}";
}
