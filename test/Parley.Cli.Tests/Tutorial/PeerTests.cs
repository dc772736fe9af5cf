using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tutorial;

/// <summary>socat, nc and ncat on the other end, both ways round.</summary>
public sealed class PeerTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string, string> All => Peers.All;

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Serve_PeerAsClient_GetsServerMessage(string peer, string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder));
        await using ChildProcess client = Peers.Connect(peer, server.Endpoint);

        // The input stays open: the peer ends because the server has.
        await client.WaitForOutputAsync(ServerMessage.Length);
        client.CloseInput();
        CommandResult result = await client.EndAsync();

        result.MustExit(0);
        Assert.Equal(ServerMessage, result.Output);
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Serve_PeerAsClientOfEcho_GetsBackWhatItSent(string peer, string kind)
    {
        byte[] said = Random(Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--echo");
        await using ChildProcess client = Peers.Connect(peer, server.Endpoint);

        await client.WriteAsync(said);
        await client.WaitForOutputAsync(said.Length);
        client.CloseInput();

        MustEqual(said, (await client.EndAsync()).MustExit(0).Output);
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Connect_PeerAsServer_CarriesBothWays(string peer, string kind)
    {
        byte[] there = Random(256 * Kilobyte);
        byte[] back = Random(256 * Kilobyte);
        (ChildProcess server, string endpoint) = await Peers.ListenAsync(peer, Endpoints.New(kind, _folder));
        await using ChildProcess _ = server;
        await using ChildProcess client = Command.Start("connect", endpoint);

        await client.WriteAsync(there);
        await server.WriteAsync(back);
        await server.WaitForOutputAsync(there.Length);
        await client.WaitForOutputAsync(back.Length);
        server.CloseInput();
        client.CloseInput();

        CommandResult joined = await client.EndAsync();
        joined.MustExit(0);
        MustEqual(back, joined.Output);
        Assert.Empty(joined.Error);
        MustEqual(there, (await server.EndAsync()).Output);
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Listen_PeerAsClient_CarriesBothWays(string peer, string kind)
    {
        byte[] there = Random(256 * Kilobyte);
        byte[] back = Random(256 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("listen", Endpoints.New(kind, _folder));
        await using ChildProcess client = Peers.Connect(peer, server.Endpoint);

        await client.WriteAsync(there);
        await server.Process.WriteAsync(back);
        await server.Process.WaitForOutputAsync(there.Length);
        await client.WaitForOutputAsync(back.Length);
        client.CloseInput();
        server.Process.CloseInput();

        MustEqual(there, (await server.EndAsync()).MustExit(0).Output);
        MustEqual(back, (await client.EndAsync()).Output);
    }
}
