using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tutorial;

/// <summary><c>parley connect</c> to C servers that are written as the tutorial writes them.</summary>
public sealed class TutorialClientTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string> Kinds => Endpoints.Kinds;

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Connect_TutorialServer_PrintsServerMessage(string kind)
    {
        (ChildProcess server, string endpoint) = await CPrograms.ListenAsync("server", Endpoints.New(kind, _folder));
        await using ChildProcess _ = server;

        CommandResult client = await Command.RunAsync("connect", endpoint);

        client.MustExit(0);
        Assert.Equal(ServerMessage, client.Output);
        Assert.Empty(client.Error);
        (await server.EndAsync()).MustExit(0);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Connect_ServerThatReadsToTheEndFirst_PrintsItsLateReply(string kind)
    {
        byte[] said = Random(Megabyte);
        (ChildProcess server, string endpoint) = await CPrograms.ListenAsync("half_close_server", Endpoints.New(kind, _folder));
        await using ChildProcess _ = server;

        CommandResult client = await Command.RunAsync(new Launch("connect", endpoint) { Input = said });

        client.MustExit(0);
        Assert.Equal(ServerMessage, client.Output);
        MustEqual(said, (await server.EndAsync()).MustExit(0).Output);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Connect_ParleyServe_PrintsServerMessage(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder));

        CommandResult client = await Command.RunAsync("connect", server.Endpoint);

        client.MustExit(0);
        Assert.Equal(ServerMessage, client.Output);
        Assert.Empty(client.Error);
    }

    [SkippableFact]
    public async Task Connect_HostAndPortAlone_MeansTcp()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", "127.0.0.1:0");
        Assert.StartsWith("tcp://127.0.0.1:", server.Endpoint, StringComparison.Ordinal);

        CommandResult client = await Command.RunAsync("connect", $"127.0.0.1:{server.Port}");

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Connect_HostName_TriesItsAddressesInTurn()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", "tcp://127.0.0.1:0");

        // localhost may be ::1 first, where nobody listens.
        CommandResult client = await Command.RunAsync("connect", $"tcp://localhost:{server.Port}");

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        Assert.Empty(client.Error);
    }
}
