using System.Text;

namespace Parley.Tests.Processes;

/// <summary>What a child process is told and says.</summary>
public sealed class ConversationTests
{
    private const int Megabyte = 1024 * 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cat_LargeDataBothWays_ComesBackWhole(bool inline)
    {
        byte[] said = Payload.Random(16 * Megabyte);
        await using Connection cat = await Started.Connect(new ProcessEndPoint("cat"), new ConnectionOptions { RunContinuationsInline = inline });

        Task sent = Talk.SendAndEndAsync(cat, said);
        byte[] heard = await Talk.ReadToEndAsync(cat).Within(Limits.Transfer);

        await sent.Within();
        Assert.True(heard.AsSpan().SequenceEqual(said), $"{heard.Length} bytes came back, and not what was sent");
        Assert.Equal(0, Started.ExitCode(cat));
        Assert.Equal(said.Length, cat.Statistics.BytesSent);
        Assert.Equal(said.Length, cat.Statistics.BytesReceived);
    }

    [Fact]
    public async Task Cat_QuestionAndAnswer_NeedNoEnd()
    {
        await using Connection cat = await Started.Program("cat");

        await Talk.PingPongAsync(cat, rounds: 200, size: 100).Within();

        Assert.False(cat.TryGetExitCode(out _));
    }

    [Fact]
    public async Task Sort_HalfClose_IsTheEndOfItsInput()
    {
        await using Connection sort = await Started.Program("sort");

        await Talk.SendAndEndAsync(sort, "b\nc\na\n"u8.ToArray()).Within();

        Assert.Equal("a\nb\nc\n", await Talk.ReadTextToEndAsync(sort).Within());
        Assert.Equal(0, Started.ExitCode(sort));
    }

    [Fact]
    public async Task Arguments_OfEveryKind_ArriveUntouched()
    {
        string[] arguments = ["", "a b", "'\"$HOME`id`\\", "two\nlines", "\t", "ünïcödé 語 🙂", "-n", "--", "--help", "*", "", new string('x', 100_000)];
        await using Connection child = await Started.Script("printf '%s\\0' \"$@\"", null, arguments);

        string heard = Encoding.UTF8.GetString(await Talk.ReadToEndAsync(child).Within());

        Assert.Equal(arguments, heard.Split('\0')[..^1]);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("false", 1)]
    public async Task ExitCode_OfACleanEnd_IsKnownWithTheEnd(string script, int code)
    {
        await using Connection child = await Started.Script("echo said; " + script);
        Assert.False(child.TryGetExitCode(out int early) && early != code);

        Assert.Equal("said\n", await Talk.ReadTextToEndAsync(child).Within());

        Assert.Equal(code, Started.ExitCode(child));
    }

    [Fact]
    public async Task WorkingDirectoryAndEnvironment_AreTheEndPoints()
    {
        using var folder = new TestFolder();
        var variables = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PARLEY_NEW"] = "ä =b", ["HOME"] = null };
        var program = new ProcessEndPoint("sh", "-c", "pwd; echo \"$PARLEY_NEW\"; echo \"${HOME-unset}\"; echo \"${PATH:+path}\"")
        {
            WorkingDirectory = folder.Path,
            Environment = variables,
        };
        await using Connection child = await Started.Connect(program);

        Assert.Equal($"{folder.Path}\nä =b\nunset\npath\n", await Talk.ReadTextToEndAsync(child).Within());
    }

    [Fact]
    public async Task Child_HasItsThreeStandardStreamsAndNothingOfOurs()
    {
        // Another child with pipes of its own runs meanwhile.
        await using Connection other = await Started.Program("cat");
        await using Connection child = await Started.Script("ls -l /proc/self/fd; grep -E '^Sig(Ign|Blk)' /proc/self/status");

        string[] lines = (await Talk.ReadTextToEndAsync(child).Within()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        // What ls has besides is the folder that it reads, and what whoever started the tests left open for everybody.
        string[] open = [.. lines.Where(line => line.Contains(" -> ", StringComparison.Ordinal) && !line.EndsWith("/fd", StringComparison.Ordinal))];
        Assert.True(open.Length == 3 + Started.InheritedDescriptors(), string.Join('\n', open));
        Assert.Contains(" 2 -> " + new FileInfo("/proc/self/fd/2").LinkTarget, string.Join('\n', lines), StringComparison.Ordinal);
        string ignored = lines.Single(line => line.StartsWith("SigIgn", StringComparison.Ordinal));
        Assert.Equal(0, Convert.ToInt64(ignored.Split('\t')[1], 16) & (1L << 12));
        string blocked = lines.Single(line => line.StartsWith("SigBlk", StringComparison.Ordinal));
        Assert.Equal(0, Convert.ToInt64(blocked.Split('\t')[1], 16));
    }

    [Fact]
    public async Task Child_ThatWritesToUsWhenNobodyReads_IsEndedByTheBrokenPipe()
    {
        Connection yes = await Started.Connect(new ProcessEndPoint("yes"), new ConnectionOptions { CloseTimeout = TimeSpan.FromSeconds(2) });
        int pid = Started.Pid(yes);
        await Talk.ReadTextAsync(yes, 2).Within();

        await yes.DisposeAsync().Within();

        Assert.Contains(Started.ExitCode(yes), (int[])[128 + 13, 128 + 15]);
        Assert.True(Started.IsGone(pid));
    }

    [Fact]
    public async Task Credentials_AreTheChildsPidAndThisUser()
    {
        await using Connection child = await Started.Script("echo $$");

        int pid = int.Parse(await Talk.ReadTextToEndAsync(child).Within(), System.Globalization.CultureInfo.InvariantCulture);

        Assert.True(child.TryGetPeerCredentials(out PeerCredentials credentials));
        Assert.Equal((pid, Native.UserId), (credentials.ProcessId, credentials.UserId));
    }

    [Fact]
    public async Task Observer_SeesTheProgramsWholeLife()
    {
        var observer = new RecordingObserver();
        await using (Connection cat = await Started.Connect(new ProcessEndPoint("cat"), new ConnectionOptions { CallObserver = observer }))
        {
            await Talk.SendAndEndAsync(cat, "said"u8.ToArray()).Within();
            await Talk.ReadToEndAsync(cat).Within();
            Assert.Equal(Started.Pid(cat), observer.Single("spawn").Result);
        }

        Assert.Equal(2, observer.Names.Count(name => name == "pipe"));
        Assert.Equal(0, observer.Single("wait").Result);
        Assert.Equal(2, observer.Names.Count(name => name == "close"));
        Assert.Equal(4, observer.Single("write").Result);
    }

    [Fact]
    public async Task Relay_ProgramExits_TheClientIsNotWaitedFor()
    {
        (Connection client, Connection server) = Connection.CreatePair();
        await using Connection child = await Started.Script("read line; echo \"heard $line\"; exit 3");
        Task<RelayResult> joined = ConnectionRelay.JoinAsync(server, child);
        await Talk.SendAsync(client, "one\n");

        // The client never ends its side.
        Assert.Equal("heard one\n", await Talk.ReadTextToEndAsync(client).Within());
        RelayResult result = await joined.Within();

        Assert.Null(result.SecondToFirstFailure);
        Assert.Equal(3, Started.ExitCode(child));
        await server.DisposeAsync().Within();
        await client.DisposeAsync().Within();
    }

    [Fact]
    public async Task Closed_IsCancelledByTheExit_NotByAClosedInput()
    {
        await using Connection child = await Started.Script("exec 0<&-; echo closed; read line < /dev/tty; exec sleep 1000");
        CancellationToken closed = child.Closed;
        Assert.Equal("closed\n", await Talk.ReadTextAsync(child, 7).Within());
        Assert.False(closed.IsCancellationRequested);

        child.Abort();

        await Eventually.CancelledAsync(closed);
    }
}
