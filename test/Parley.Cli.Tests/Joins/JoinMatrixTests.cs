using Parley.Cli.Tests.Tls;

namespace Parley.Cli.Tests.Joins;

/// <summary>
/// Every stream joined to every other one: 64 MiB each way at once, every byte compared, either side ending first while the other one still
/// talks, and everybody's exit code.
/// </summary>
public sealed class JoinMatrixTests : IDisposable
{
    private static readonly string[] Listening = ["tcp4", "unix", "abstract", "pipe", "fifo", "tls"];
    private static readonly string[] Targets = ["tcp4", "unix", "abstract", "pipe", "fifo", "tls", "exec"];

    private readonly TestFolder _folder = new();
    private readonly TlsFiles _files;

    public JoinMatrixTests() => _files = new TlsFiles(_folder);

    public static TheoryData<string, string, Ending> Relays
    {
        get
        {
            var data = new TheoryData<string, string, Ending>();
            foreach ((string listen, string target, Ending ending) in from listen in Listening from target in Targets from ending in Enum.GetValues<Ending>() select (listen, target, ending))
                data.Add(listen, target, ending);
            return data;
        }
    }

    public static TheoryData<string, Ending> Listens => WithEndings(Listening);

    public static TheoryData<string, Ending> Connects => WithEndings(Targets);

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Relays))]
    public async Task Relay_BothTalkAtOnce_EverythingArrivesAndBothEnd(string listen, string target, Ending ending)
    {
        await using JoinTarget far = await JoinTarget.StartAsync(target, new JoinedPeer(isListeningSide: false, ending), _folder, _files);
        string local = await JoinListener.NewEndpointAsync(listen, _folder);
        await using ListeningCommand relay = await Command.ListenAsync(
            ["relay", local, far.Endpoint, "--once", "-v", .. JoinListener.OptionsOf(local, _files), .. far.Rest]);
        await using ChildProcess near = await JoinListener.StartPeerAsync(relay.Endpoint, new JoinedPeer(isListeningSide: true, ending), _files);

        (await near.EndAsync(Limits.Transfer)).MustExit(0);
        await far.MustEndWellAsync();
        (await relay.EndAsync(Limits.Transfer)).MustExit(0);
    }

    [SkippableTheory]
    [MemberData(nameof(Connects))]
    public async Task Connect_BothTalkAtOnce_EverythingArrivesAndBothEnd(string target, Ending ending)
    {
        await using JoinTarget far = await JoinTarget.StartAsync(target, new JoinedPeer(isListeningSide: false, ending), _folder, _files);

        await using ChildProcess near = await new JoinedPeer(isListeningSide: true, ending).StartAsync(
            ["spawn", .. CommandFiles.Words, "connect", far.Endpoint, .. far.Rest]);

        (await near.EndAsync(Limits.Transfer)).MustExit(0);
        await far.MustEndWellAsync();
    }

    [SkippableTheory]
    [MemberData(nameof(Listens))]
    public async Task Listen_BothTalkAtOnce_EverythingArrivesAndBothEnd(string listen, Ending ending)
    {
        string local = await JoinListener.NewEndpointAsync(listen, _folder);
        await using ListeningCommand far = await ListeningCommand.WhenReadyAsync(await new JoinedPeer(isListeningSide: false, ending).StartAsync(
            ["spawn", .. CommandFiles.Words, "listen", local, .. JoinListener.OptionsOf(local, _files)]));
        await using ChildProcess near = await JoinListener.StartPeerAsync(far.Endpoint, new JoinedPeer(isListeningSide: true, ending), _files);

        (await near.EndAsync(Limits.Transfer)).MustExit(0);
        (await far.EndAsync(Limits.Transfer)).MustExit(0);
    }

    private static TheoryData<string, Ending> WithEndings(string[] kinds)
    {
        var data = new TheoryData<string, Ending>();
        foreach ((string kind, Ending ending) in from kind in kinds from ending in Enum.GetValues<Ending>() select (kind, ending))
            data.Add(kind, ending);
        return data;
    }
}
