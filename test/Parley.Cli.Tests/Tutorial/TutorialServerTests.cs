using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tutorial;

/// <summary><c>parley serve</c> with C programs, written as the tutorial writes them, as its clients.</summary>
public sealed class TutorialServerTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public static TheoryData<string> Kinds => Endpoints.Kinds;

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Serve_TutorialClient_GetsServerMessage(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder));

        CommandResult client = await CPrograms.RunAsync("client", Endpoints.ForC(server.Endpoint));

        client.MustExit(0);
        Assert.Equal(ServerMessage, client.Output);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Serve_ManyTutorialClientsInTurn_EachGetsServerMessage(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder));

        for (int i = 0; i < 20; i++)
        {
            CommandResult client = await CPrograms.RunAsync("client", Endpoints.ForC(server.Endpoint));
            client.MustExit(0);
            Assert.Equal(ServerMessage, client.Output);
        }

        Assert.Empty(server.Messages);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Serve_ClientThatSendsBeforeItReads_GetsWholeReply(string kind)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder));

        CommandResult client = await CPrograms.RunAsync("sends_before_read", [.. Endpoints.ForC(server.Endpoint), "65536"]);

        client.MustExit(0);
        Assert.Equal(ServerMessage, client.Output);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Serve_SlowReader_GetsWholeFile(string kind)
    {
        byte[] file = WriteFile(_folder["file"], 4 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--file", _folder["file"]);

        CommandResult client = await CPrograms.RunAsync("slow_reader", [.. Endpoints.ForC(server.Endpoint), "32768", "5000"]);

        client.MustExit(0);
        MustEqual(file, client.Output);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Serve_ClientThatNeverReads_DoesNotHoldUpOthers(string kind)
    {
        byte[] file = WriteFile(_folder["file"], 16 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--file", _folder["file"]);
        await using ChildProcess stalled = await CPrograms.StartAsync("never_reads", Endpoints.ForC(server.Endpoint));
        await stalled.WaitForOutputAsync("connected\n".Length);

        MustEqual(file, await RawSocket.ReceiveFromAsync(server.Endpoint));
        MustEqual(file, await RawSocket.ReceiveFromAsync(server.Endpoint));

        Assert.False(stalled.HasEnded);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Serve_ClientThatHalfCloses_IsEchoedToTheEnd(string kind)
    {
        byte[] said = Random(32 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--echo");
        await using ChildProcess client = await CPrograms.StartAsync("half_close_client", Endpoints.ForC(server.Endpoint));
        await client.WriteAsync(said, close: true);

        CommandResult result = await client.EndAsync();

        result.MustExit(0);
        MustEqual(said, result.Output);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("tcp6")]
    public async Task Serve_ClientThatResets_DoesNotHurtTheNext(string kind)
    {
        WriteFile(_folder["file"], 4 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--file", _folder["file"]);

        for (int i = 0; i < 10; i++)
            (await CPrograms.RunAsync("reset_client", [.. Endpoints.ForC(server.Endpoint), "100"])).MustExit(0);

        Assert.Equal(4 * Megabyte, (await RawSocket.ReceiveFromAsync(server.Endpoint)).Length);
        Assert.False(server.Process.HasEnded);
    }
}
