using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Access;

/// <summary>
/// Every local channel in a folder where everybody can make files, with another user who means no good: what is tried is refused with an error that says so,
/// and ends or holds up nobody.
/// </summary>
public sealed class OtherUserTests : IDisposable
{
    private const int Victim = 1234;
    private const string Unix = "unix";
    private const string Pipe = "pipe";
    private const string Shm = "shm";
    private const string Fifo = "fifo";
    private const string Queue = "mq";
    private const string Secret = "secret";

    private readonly TestFolder _folder = new TestFolder().OpenToAll(writable: true);
    private readonly Messages.TestQueue _queue = Messages.TestQueue.Unmade();

    public OtherUserTests() => File.SetUnixFileMode(_folder.Path, File.GetUnixFileMode(_folder.Path) | UnixFileMode.StickyBit);

    public static TheoryData<string> Servers => [Unix, Pipe, Shm];

    public static TheoryData<string> WithFile => [Unix, Pipe, Shm, Fifo];

    public static TheoryData<string> All => [Unix, Pipe, Shm, Fifo, Queue];

    public void Dispose()
    {
        _queue.Dispose();
        _folder.Dispose();
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Connect_ByAnotherUser_IsDenied(string channel)
    {
        await using IAsyncDisposable? server = await StartAsync(channel);

        CommandResult result = await Command.RunAsync(As(Launch.Nobody, Taking(channel)));

        Errors.Failure.MustBe(result, "6", "cannot (connect to|open) .*(another user|EACCES)");
        Assert.Empty(result.Output);
        await MustGoOnAsync(channel, server);
    }

    [SkippableFact]
    public async Task Relay_QueueOfSomebodyElse_IsDeniedAndLeftAsItIs()
    {
        (await Command.RunAsync("create", EndpointOf(Queue))).MustExit(0);
        (await Command.RunAsync("send", EndpointOf(Queue), Secret)).MustExit(0);

        CommandResult relay = await Command.RunAsync("relay", EndpointOf(Queue), "udp://127.0.0.1:9", "--once", "--allow", $"uid:{Victim}");

        Errors.Failure.MustBe(relay, "6", "the rules do not allow it");
        Assert.Equal(Secret + "\n", (await Command.RunAsync("receive", EndpointOf(Queue), "--no-wait", "--output", "line")).MustExit(0).Text);
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Start_NameSquattedByAnotherUser_FailsAndTouchesNothing(string channel)
    {
        await using IAsyncDisposable? squat = await SquatAsync(channel);

        await MustFailAsync(channel);

        if (squat is ListeningCommand alive)
            Assert.False(alive.Process.HasEnded);
    }

    [SkippableTheory]
    [MemberData(nameof(WithFile))]
    public async Task Start_NameIsAnotherUsersLink_FailsAndTouchesNothing(string channel)
    {
        await MakePreciousAsync();
        await RunAsync(Launch.Nobody, $"ln -s {_folder["precious"]} {PathOf(channel)}");

        await MustFailAsync(channel);

        Assert.Equal("precious", await File.ReadAllTextAsync(_folder["precious"]));
    }

    /// <summary>As another user can make it where the system does not forbid hard links to files of others (fs.protected_hardlinks).</summary>
    [SkippableTheory]
    [MemberData(nameof(WithFile))]
    public async Task Start_NameIsAHardLinkToAFileOfOnesOwn_FailsAndTouchesNothing(string channel)
    {
        await MakePreciousAsync();
        await RunAsync(0, $"ln {_folder["precious"]} {PathOf(channel)}");

        await MustFailAsync(channel);

        Assert.Equal("precious", await File.ReadAllTextAsync(_folder["precious"]));
    }

    /// <summary>The memory that is shared is sealed, and has no name: what there is to truncate is the name of the socket, and its lock.</summary>
    [SkippableTheory]
    [MemberData(nameof(WithFile))]
    public async Task Truncate_ByAnotherUser_ChangesNothing(string channel)
    {
        await using IAsyncDisposable? server = await StartAsync(channel);
        string path = PathOf(channel);

        await RunAsync(Launch.Nobody, $"! truncate -s 0 {path} && ! rm -f {path} && ! mv {path} {path}.away && {{ [ ! -e {path}.lock ] || ! truncate -s 0 {path}.lock; }}");

        await MustGoOnAsync(channel, server);
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public async Task Connect_ServerOfAnotherUser_IsDeniedAndHearsNothing(string channel)
    {
        await using IAsyncDisposable? impostor = await SquatAsync(channel);

        CommandResult result = await Command.RunAsync(As(Victim, Telling(channel)) with { Input = Encoding.UTF8.GetBytes(Secret) });

        Errors.Failure.MustBe(result, "6", $"cannot (connect to|open) .*(another user|belongs to uid {Launch.Nobody}|rules)");
        if (impostor is ListeningCommand heard)
            Assert.DoesNotContain(heard.Messages, static line => line.Contains("6 bytes in", StringComparison.Ordinal));
        if (channel == Queue)
            Assert.Equal(0, await _queue.CountAsync());
    }

    [SkippableTheory]
    [MemberData(nameof(WithFile))]
    public async Task Connect_AnotherUsersLinkToAServerOfOnesOwn_IsNotFollowed(string channel)
    {
        string own = _folder["own"];
        await using ListeningCommand? server = channel == Fifo ? null : await Command.ListenAsync(As(Victim, "serve", $"unix:{own}", "--discard", "-v"));
        if (channel == Fifo)
            (await Command.RunAsync(As(Victim, "create", $"fifo:{own}"))).MustExit(0);
        await RunAsync(Launch.Nobody, $"ln -s {own} {PathOf(channel)}");

        CommandResult result = await Command.RunAsync(As(Victim, Telling(channel)) with { Input = Encoding.UTF8.GetBytes(Secret) });

        Errors.Failure.MustBe(result, "3|6", "cannot (connect to|open) .*(another user|link)");
        Assert.Empty(server?.Messages ?? []);
    }

    [SkippableTheory]
    [MemberData(nameof(Servers))]
    public async Task ServeAllow_AnotherUserWhoIsNamed_IsServedAndAThirdIsNot(string channel)
    {
        await using ListeningCommand server = await Command.ListenAsync(
            As(Victim, "serve", EndpointOf(channel), "--mode", "0666", "--allow", $"uid:{Victim}", "--allow", "uid:4321"));

        CommandResult named = await Command.RunAsync(As(4321, "connect", EndpointOf(channel), "--allow", $"uid:{Victim}"));
        CommandResult third = await Command.RunAsync(As(Launch.Nobody, "connect", EndpointOf(channel), "--allow", $"uid:{Victim}"));

        Assert.Equal(ServerMessage, named.MustExit(0).Output);
        Assert.Empty(third.Output);
        await server.Process.WaitForErrorAsync($@"another user \(uid {Launch.Nobody}\) was turned away from .*: the rules do not allow it");
        server.Process.Send(Signal.User1);
        await server.Process.WaitForErrorAsync(", 1 refused, ");
        Assert.Equal(ServerMessage, (await Command.RunAsync(As(Victim, "connect", EndpointOf(channel)))).MustExit(0).Output);
    }

    [SkippableTheory]
    [InlineData("ping")]
    [InlineData("inspect")]
    public async Task Look_ServerOfAnotherUser_IsAskedOnlyIfItIsNamed(string verb)
    {
        await using ListeningCommand server = await Command.ListenAsync(As(Victim, "serve", EndpointOf(Shm), "--mode", "0666", "--allow", "uid:4321"));

        CommandResult unasked = await Command.RunAsync(As(4321, verb, EndpointOf(Shm)));
        CommandResult other = await Command.RunAsync(As(4321, verb, EndpointOf(Shm), "--allow", $"uid:{Launch.Nobody}"));
        CommandResult named = await Command.RunAsync(As(4321, verb, EndpointOf(Shm), "--allow", $"uid:{Victim}"));

        Errors.Failure.MustBe(unasked, "6", $"cannot connect to .*another user \\(uid {Victim}\\)", "--allow uid:N");
        Errors.Failure.MustBe(other, "6", $"another user \\(uid {Victim}\\).*the rules do not allow it", "--allow");
        Assert.Empty(named.MustExit(0).Error);
    }

    [SkippableFact]
    public async Task Ping_UnixServerOfAnotherUser_IsOneForTheRules()
    {
        await using ListeningCommand server = await Command.ListenAsync(As(Victim, "serve", EndpointOf(Unix), "--mode", "0666"));

        CommandResult other = await Command.RunAsync(As(4321, "ping", EndpointOf(Unix), "--allow", "uid:4321"));
        CommandResult named = await Command.RunAsync(As(4321, "ping", EndpointOf(Unix), "--allow", $"uid:{Victim}"));

        Errors.Failure.MustBe(other, "6", "the rules do not allow it", "--allow");
        Assert.Empty(named.MustExit(0).Error);
    }

    [SkippableFact]
    public async Task Relay_TargetOfAnotherUser_IsNoMatterOfRules()
    {
        await using ListeningCommand server = await Command.ListenAsync(As(Victim, "serve", EndpointOf(Shm), "--mode", "0666", "--allow", "uid:4321"));
        await using ListeningCommand relay = await Command.ListenAsync(As(4321, "relay", "tcp://127.0.0.1:0", EndpointOf(Shm)));

        // The reset may come before it has noticed that it is connected.
        CommandResult client = await Command.RunAsync("connect", relay.Endpoint);

        Assert.True(client.ExitCode is 3 or 5, client.ToString());
        await relay.Process.WaitForErrorAsync(@"another user \(uid \d+\).*\n  hint: .*its own user");
    }

    [SkippableTheory]
    [MemberData(nameof(Servers))]
    public async Task ServeDeny_UserWhomTheFileLetsIn_IsRefusedAndOthersAreServed(string channel)
    {
        await using ListeningCommand server = await Command.ListenAsync(
            As(Victim, "serve", EndpointOf(channel), "--mode", "0666", "--allow", $"gid:{Victim}", "--allow", $"gid:{Launch.Nobody}", "--deny", $"uid:{Launch.Nobody}"));

        CommandResult denied = await Command.RunAsync(As(Launch.Nobody, "connect", EndpointOf(channel), "--allow", $"uid:{Victim}"));

        Assert.Empty(denied.Output);
        if (channel == Shm)
            Errors.Failure.MustBe(denied, "6", "the server does not allow it");
        await server.Process.WaitForErrorAsync("was turned away");
        Assert.Equal(ServerMessage, (await Command.RunAsync(As(Victim, "connect", EndpointOf(channel)))).MustExit(0).Output);
    }

    private string EndpointOf(string channel) => channel switch
    {
        Pipe => "pipe:p",
        Queue => _queue.Endpoint,
        _ => $"{channel}:{_folder["s"]}",
    };

    private string PathOf(string channel) => channel == Pipe ? _folder["CoreFxPipe_p"] : _folder["s"];

    /// <summary>What a client says and how that is asked for; a channel whose peer is not looked at by itself is told whom to want.</summary>
    private string[] Telling(string channel) => channel switch
    {
        Pipe or Shm => ["connect", EndpointOf(channel)],
        Unix => ["connect", EndpointOf(channel), "--allow", $"uid:{Victim}"],
        Fifo => ["connect", EndpointOf(channel), "--send-only", "--allow", $"uid:{Victim}"],
        _ => ["send", EndpointOf(channel), Secret, "--allow", $"uid:{Victim}"],
    };

    private string[] Taking(string channel) => channel switch
    {
        Fifo => ["connect", EndpointOf(channel), "--receive-only"],
        Queue => ["receive", EndpointOf(channel), "--no-wait"],
        _ => ["connect", EndpointOf(channel)],
    };

    /// <summary>What the victim starts; <see langword="null"/> for what needs no process.</summary>
    private async Task<IAsyncDisposable?> StartAsync(string channel)
    {
        if (channel is not (Fifo or Queue))
            return await Command.ListenAsync(As(Victim, "serve", EndpointOf(channel), "--echo"));
        (await Command.RunAsync(As(Victim, Creating(channel)))).MustExit(0);
        return null;
    }

    private async Task<IAsyncDisposable?> SquatAsync(string channel)
    {
        if (channel is not (Fifo or Queue))
            return await Command.ListenAsync(As(Launch.Nobody, "serve", $"unix:{PathOf(channel)}", "--mode", "0666", "--discard", "-v"));
        (await Command.RunAsync(As(Launch.Nobody, [.. Creating(channel), "--mode", "0666"]))).MustExit(0);
        return null;
    }

    // Queues of a user are limited together: a small one.
    private string[] Creating(string channel)
        => channel == Queue ? ["create", EndpointOf(channel), "--capacity", "2", "--message-size", "100"] : ["create", EndpointOf(channel)];

    private async Task MustFailAsync(string channel)
    {
        string[] before = Entries();
        string[] start = channel is Fifo or Queue ? Creating(channel) : ["serve", EndpointOf(channel)];

        CommandResult result = await Command.RunAsync(As(Victim, start));

        Errors.Failure.MustBe(result, "1|3|6", "cannot (listen on|create) ");
        Assert.Equal(before, Entries());
    }

    private async Task MustGoOnAsync(string channel, IAsyncDisposable? server)
    {
        if (server is ListeningCommand listening)
        {
            Assert.False(listening.Process.HasEnded);
            Assert.Equal("hello"u8.ToArray(), (await Command.RunAsync(As(Victim, "connect", EndpointOf(channel)) with { Input = "hello"u8.ToArray() })).MustExit(0).Output);
            return;
        }

        (await Command.RunAsync(As(Victim, "inspect", EndpointOf(channel)))).MustExit(0);
    }

    private async Task MakePreciousAsync()
    {
        Programs.RequireRoot("a file of another user");
        await File.WriteAllTextAsync(_folder["precious"], "precious");
        (await ChildProcess.RunAsync(Programs.Require("chown"), $"{Victim}:{Victim}", _folder["precious"])).MustExit(0);
    }

    private Launch As(int user, params string[] arguments) => new(arguments)
    {
        User = user,
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["TMPDIR"] = _folder.Path },
    };

    private static async Task RunAsync(int user, string script)
    {
        Programs.RequireRoot("running as another user");
        (await ChildProcess.RunAsync(Programs.Require("setpriv"), $"--reuid={user}", $"--regid={user}", "--clear-groups", "sh", "-c", script)).MustExit(0);
    }

    // What the runtime puts into the folder for temporary files is none of ours.
    private string[] Entries() =>
        [.. Directory.GetFileSystemEntries(_folder.Path).Where(path => Path.GetFileName(path) is { } name && !name.StartsWith("clr-debug", StringComparison.Ordinal) && !name.StartsWith("dotnet-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
