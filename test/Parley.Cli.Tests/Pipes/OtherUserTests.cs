using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Pipes;

/// <summary>
/// Named pipes in a folder where everybody can make files, as /tmp is, with another user who means no good. Whose programs the command's
/// are is named by a uid: 0 for root.
/// </summary>
public sealed class OtherUserTests : IDisposable
{
    private const string Name = "p";
    private const string Endpoint = $"pipe:{Name}";
    private const int Victim = 1234;

    private static readonly string[] Squats = ["socket", "stale", "file", "link", "dangling", "folder", "lock", "open lock", "lock link", "lock folder"];

    private readonly TestFolder _folder = new TestFolder().OpenToAll(writable: true);

    public OtherUserTests() => File.SetUnixFileMode(_folder.Path, File.GetUnixFileMode(_folder.Path) | UnixFileMode.StickyBit);

    public static TheoryData<int> Users => [0, Victim];

    public static TheoryData<string, int> SquatsOfUsers
    {
        get
        {
            var all = new TheoryData<string, int>();
            foreach (string squat in Squats)
            {
                all.Add(squat, 0);
                all.Add(squat, Victim);
            }

            return all;
        }
    }

    private string Socket => _folder[$"CoreFxPipe_{Name}"];

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(SquatsOfUsers))]
    public async Task Serve_NameSquattedByAnotherUser_FailsAndTouchesNothing(string squat, int user)
    {
        await File.WriteAllTextAsync(_folder["precious"], "precious");
        await using ListeningCommand? live = squat is "socket" or "stale" ? await SquatAsync() : null;
        if (squat is "stale")
            await live!.StopAsync(Signal.Kill);
        if (Script(squat) is { } script)
            await AsNobodyAsync(script);
        string[] before = Entries();

        CommandResult result = await Command.RunAsync(As(user, "serve", Endpoint));

        Errors.Failure.MustBe(result, "3|6", $"cannot listen on {Endpoint}: .*({(squat.Contains("lock", StringComparison.Ordinal) ? @"CoreFxPipe_p\.lock" : "another user|EADDRINUSE|lock")})");
        Assert.Empty(result.Output);
        Assert.Equal(before, Entries());
        Assert.Equal("precious", await File.ReadAllTextAsync(_folder["precious"]));
    }

    [SkippableTheory]
    [MemberData(nameof(Users))]
    public async Task Connect_ServerOfAnotherUser_IsDeniedAndHearsNothing(int user)
    {
        await using ListeningCommand impostor = await SquatAsync();

        CommandResult result = await Command.RunAsync(As(user, "connect", Endpoint) with { Input = "secret"u8.ToArray() });

        Errors.Failure.MustBe(result, "6", $"cannot connect to {Endpoint}: .*another user.* \\(uid {Launch.Nobody}\\)", "one user");
        Assert.Empty(result.Output);
        Assert.Empty(impostor.Messages);
    }

    /// <summary>Whom the file belongs to is one thing, who listens there another.</summary>
    [SkippableFact]
    public async Task Connect_ServerOfAnotherUserBehindAFileOfOnesOwn_IsDeniedBeforeAByteIsSent()
    {
        await using ListeningCommand impostor = await SquatAsync();
        (await ChildProcess.RunAsync(Programs.Require("chown"), $"{Victim}", Socket)).MustExit(0);

        CommandResult result = await Command.RunAsync(As(Victim, "connect", Endpoint) with { Input = "secret"u8.ToArray() });

        Errors.Failure.MustBe(result, "6", $"cannot connect to {Endpoint}: the server is another user's \\(uid {Launch.Nobody}\\)", "one user");
        await impostor.Process.WaitForErrorAsync("0 bytes out, 0 bytes in");
    }

    [SkippableTheory]
    [MemberData(nameof(Users))]
    public async Task Connect_AnotherUsersLinkToAServerOfOnesOwn_IsNotFollowed(int user)
    {
        await using ListeningCommand own = await Command.ListenAsync(As(user, "serve", $"unix:{_folder["own"]}", "--discard", "-v"));
        await AsNobodyAsync($"ln -s {_folder["own"]} {Socket}");

        CommandResult result = await Command.RunAsync(As(user, "connect", Endpoint) with { Input = "secret"u8.ToArray() });

        Errors.Failure.MustBe(result, "6", $"cannot connect to {Endpoint}: .*another user");
        Assert.Empty(own.Messages);
    }

    [SkippableTheory]
    [MemberData(nameof(Users))]
    public async Task Connect_ByAnotherUser_IsDenied(int user)
    {
        await using ListeningCommand server = await Command.ListenAsync(As(user, "serve", Endpoint));

        CommandResult result = await Command.RunAsync(As(Launch.Nobody, "connect", Endpoint));

        Errors.Failure.MustBe(result, "6", $"cannot connect to {Endpoint}: ", "one user");
        Assert.Empty(result.Output);
        Assert.Empty(server.Messages);
    }

    /// <summary>Should the permissions of the file ever let somebody in, the server still looks at who it is.</summary>
    [SkippableTheory]
    [MemberData(nameof(Users))]
    public async Task Serve_ClientOfAnotherUserWhomTheFileLetsIn_IsTurnedAway(int user)
    {
        await using ListeningCommand server = await Command.ListenAsync(As(user, "serve", Endpoint, "--once"));
        (await ChildProcess.RunAsync("chmod", "666", Socket)).MustExit(0);

        CommandResult stranger = await Command.RunAsync(As(Launch.Nobody, "connect", $"unix:{Socket}"));

        Assert.Empty(stranger.Output);
        await server.Process.WaitForErrorAsync($@"another user \(uid {Launch.Nobody}\) was turned away from {Endpoint}");
        Assert.Equal(ServerMessage, (await Command.RunAsync(As(user, "connect", Endpoint))).MustExit(0).Output);
        (await server.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Serve_ClientOfRoot_IsServed()
    {
        await using ListeningCommand server = await Command.ListenAsync(As(Victim, "serve", Endpoint));

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync($"unix:{Socket}"));
    }

    [SkippableFact]
    public async Task Serve_PipeLeftByAKilledServerOfTheSameUser_IsTakenOver()
    {
        await using (ListeningCommand killed = await Command.ListenAsync(As(Victim, "serve", Endpoint)))
            await killed.StopAsync(Signal.Kill);
        Assert.True(File.Exists(Socket));

        await using ListeningCommand server = await Command.ListenAsync(As(Victim, "serve", Endpoint));

        Assert.Equal(ServerMessage, (await Command.RunAsync(As(Victim, "connect", Endpoint))).MustExit(0).Output);
    }

    private Launch As(int user, params string[] arguments) => new(arguments)
    {
        User = user,
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["TMPDIR"] = _folder.Path },
    };

    /// <summary>Another user's server in the pipe's place, which lets everybody in.</summary>
    private Task<ListeningCommand> SquatAsync()
        => Command.ListenAsync(As(Launch.Nobody, "serve", $"unix:{Socket}", "--mode", "0666", "--discard", "-v"));

    private string? Script(string squat) => squat switch
    {
        "file" => $"echo squat >{Socket}; chmod 666 {Socket}",
        "link" => $"ln -s {_folder["precious"]} {Socket}",
        "dangling" => $"ln -s {_folder["nowhere"]} {Socket}",
        "folder" => $"mkdir {Socket}",
        "lock" => $"umask 077; echo squat >{Socket}.lock",
        "open lock" => $"umask 0; echo squat >{Socket}.lock",
        "lock link" => $"ln -s {_folder["nowhere"]} {Socket}.lock",
        "lock folder" => $"mkdir {Socket}.lock",
        _ => null,
    };

    private static async Task AsNobodyAsync(string script)
    {
        Programs.RequireRoot("running as another user");
        string user = $"{Launch.Nobody}";
        (await ChildProcess.RunAsync(Programs.Require("setpriv"), $"--reuid={user}", $"--regid={user}", "--clear-groups", "sh", "-c", script)).MustExit(0);
    }

    // What the runtime puts into the folder for temporary files is none of ours.
    private string[] Entries() =>
        [.. Directory.GetFileSystemEntries(_folder.Path).Where(path => !Path.GetFileName(path).StartsWith("clr-debug", StringComparison.Ordinal) && !Path.GetFileName(path).StartsWith("dotnet-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
