using System.Diagnostics;

namespace Parley.Tests.Processes;

/// <summary>Programs that cannot be started, and those that end as nobody wants them to.</summary>
public sealed class FailureTests
{
    private static readonly ConnectionOptions Brief = new() { CloseTimeout = TimeSpan.FromMilliseconds(400) };

    [Theory]
    [InlineData("no-such-program-anywhere", Reason.NotFound, "no such program")]
    [InlineData("/no/such/program", Reason.NotFound, "no such program")]
    [InlineData("/etc/passwd", Reason.Denied, "this user may not execute it")]
    [InlineData("/etc/passwd/x", Reason.NotFound, "no such program")]
    [InlineData("/tmp", Reason.Denied, "it is a directory")]
    public async Task Start_Impossible_SaysWhy(string program, Reason reason, string cause)
        => await MustNotStartAsync(new ProcessEndPoint(program), reason, cause);

    [Theory]
    [InlineData("#!/no/such/interpreter\n", Reason.NotFound, "the interpreter that it names does not exist")]
    [InlineData("echo no interpreter\n", Reason.Other, "it is no program: a script begins with #! and its interpreter")]
    public async Task Start_ScriptThatIsNone_SaysWhy(string script, Reason reason, string cause)
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["script"], script);
        File.SetUnixFileMode(folder["script"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await MustNotStartAsync(new ProcessEndPoint(folder["script"]), reason, cause);
    }

    [Fact]
    public async Task Start_NoWorkingDirectory_SaysThat()
        => await MustNotStartAsync(new ProcessEndPoint("cat") { WorkingDirectory = "/no/such" }, Reason.NotFound, "no such working directory: /no/such");

    [Fact]
    public async Task Start_TooManyArguments_SaysThat()
        => await MustNotStartAsync(
            new ProcessEndPoint("true", [.. Enumerable.Repeat(new string('x', 100_000), 100)]), Reason.TooLarge, "its arguments and its environment are too long");

    [Fact]
    public async Task Listen_OnAProgram_IsRefused()
        => await Assert.ThrowsAsync<ArgumentException>(() => ConnectionListener.BindAsync(new ProcessEndPoint("cat")).AsTask());

    [Theory]
    [InlineData("KILL", 9)]
    [InlineData("TERM", 15)]
    [InlineData("SEGV", 11)]
    [InlineData("PIPE", 13)]
    public async Task Read_ChildEndedByASignal_ThrowsAfterEverythingItWrote(string signal, int number)
    {
        const int Size = 100_000;
        await using Connection child = await Started.Script($"ulimit -c 0; head -c {Size} /dev/zero; kill -{signal} $$");
        Assert.Equal(Size, (await Talk.ReadExactlyAsync(child, Size).Within()).Length);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Talk.ReadToEndAsync(child).Within());

        Assert.Equal((Step.Read, Reason.PeerDied), (failure.Step, failure.Reason));
        Assert.Equal($"sh was ended by signal SIG{signal}", failure.Cause);
        Assert.Equal(128 + number, Started.ExitCode(child));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_WaitingWhileTheChildIsKilled_Throws(bool inline)
    {
        await using Connection cat = await Started.Connect(new ProcessEndPoint("cat"), new ConnectionOptions { RunContinuationsInline = inline });
        Task<byte[]> reading = Talk.ReadToEndAsync(cat);

        Process.GetProcessById(Started.Pid(cat)).Kill();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => reading.Within());
        Assert.Equal((Reason.PeerDied, "cat was ended by signal SIGKILL"), (failure.Reason, failure.Cause));
    }

    [Fact]
    public async Task Read_KilledWhileAGrandchildHoldsThePipe_ThrowsAtOnce()
    {
        await using Connection child = await Started.Script("sleep 1000 & echo $!; kill -9 $$", new ConnectionOptions { CloseTimeout = Timeout.InfiniteTimeSpan });
        string grandchild = await ReadLineAsync(child);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Talk.ReadToEndAsync(child).Within());

        Assert.Equal(Reason.PeerDied, failure.Reason);
        Kill(grandchild);
    }

    [Fact]
    public async Task Write_ChildEndedByASignal_IsItsDeath()
    {
        await using Connection child = await Started.Script("kill -9 $$", Brief);
        await Eventually.TrueAsync(() => child.TryGetExitCode(out _), "it has exited");

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Talk.SendAsync(child, "to nobody"));

        Assert.Equal((Step.Write, Reason.PeerDied), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task Write_ChildClosedItsInput_FailsAndWhatItSaysStillComes()
    {
        using var folder = new TestFolder();
        await using Connection child = await Started.Script("exec 0<&-; echo closed; until [ -e \"$1\" ]; do sleep 0.01; done; echo more; exit 4", null, folder["go"]);
        Assert.Equal("closed\n", await Talk.ReadTextAsync(child, 7).Within());

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Talk.SendAsync(child, "said"));

        Assert.Equal((Step.Write, Reason.Reset, "EPIPE", "sh reads no more"), (failure.Step, failure.Reason, failure.ErrorName, failure.Cause));
        await File.WriteAllTextAsync(folder["go"], "");
        Assert.Equal("more\n", await Talk.ReadTextToEndAsync(child).Within());
        Assert.Equal(4, Started.ExitCode(child));
    }

    [Fact]
    public async Task Delivery_IsTheChildsReading()
    {
        using var folder = new TestFolder();
        await using Connection child = await Started.Script("until [ -e \"$1\" ]; do sleep 0.01; done; head -c 4", null, folder["go"]);
        await Talk.SendAsync(child, "said");
        Task delivered = child.WaitForDeliveryAsync().AsTask();
        Assert.False(delivered.IsCompleted);

        await File.WriteAllTextAsync(folder["go"], "");

        await delivered.Within();
        Assert.Equal("said", await Talk.ReadTextToEndAsync(child).Within());
        await child.WaitForDeliveryAsync().Within();
        await child.CompleteWritesAsync().Within();
    }

    [Fact]
    public async Task Delivery_ChildExitsWithoutReading_Fails()
    {
        using var folder = new TestFolder();
        Connection child = await Started.Script("until [ -e \"$1\" ]; do sleep 0.01; done", null, folder["go"]);
        await Talk.SendAsync(child, "said");
        await File.WriteAllTextAsync(folder["go"], "");

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => child.WaitForDeliveryAsync().Within());

        Assert.Equal((Reason.Reset, 4L), (failure.Reason, failure.UndeliveredBytes));
        child.Abort();
        await child.DisposeAsync().Within();
    }

    [Fact]
    public async Task HalfClose_ChildExitedWithoutReading_CountsWhatIsLost()
    {
        using var folder = new TestFolder();
        await using Connection child = await Started.Script("until [ -e \"$1\" ]; do sleep 0.01; done", null, folder["go"]);
        await Talk.SendAsync(child, "unread");
        await File.WriteAllTextAsync(folder["go"], "");
        await Talk.ReadToEndAsync(child).Within();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => child.CompleteWritesAsync().AsTask());

        Assert.Equal((Reason.Reset, 6L), (failure.Reason, failure.UndeliveredBytes));
        Assert.Equal(0, Started.ExitCode(child));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dispose_ChildExitsWithoutReading_CountsWhatIsLost(bool isMuch)
    {
        using var folder = new TestFolder();
        byte[] said = Payload.Random(isMuch ? 60_000 : 6);
        Connection child = await Started.Script("head -c 2 >/dev/null; until [ -e \"$1\" ]; do sleep 0.01; done; exit 3", null, folder["go"]);
        await child.Output.WriteAsync(said).AsTask().Within();
        await child.CompleteWritesAsync().Within();
        await File.WriteAllTextAsync(folder["go"], "");

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => child.DisposeAsync().Within());

        Assert.Equal((Step.Close, Reason.Reset, said.Length - 2L), (failure.Step, failure.Reason, failure.UndeliveredBytes));
        Assert.Contains($"{said.Length - 2} bytes were not delivered", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, Started.ExitCode(child));
    }

    [Fact]
    public async Task Dispose_GrandchildHasTheInput_LosesNothing()
    {
        using var folder = new TestFolder();
        Connection child = await Started.Script(
            "exec 3<&0; { until [ -e \"$1\" ]; do sleep 0.01; done; cat <&3 >\"$2.part\"; mv \"$2.part\" \"$2\"; } >/dev/null 2>&1 & exit 0", null, folder["go"], folder["read"]);
        await Talk.SendAndEndAsync(child, "said"u8.ToArray()).Within();

        await child.DisposeAsync().Within();

        await File.WriteAllTextAsync(folder["go"], "");
        await Eventually.TrueAsync(() => File.Exists(folder["read"]), "it was read");
        Assert.Equal("said", await File.ReadAllTextAsync(folder["read"]));
    }

    [Fact]
    public async Task Read_ChildClosedItsOutputAndLives_IsAnEndAtOnce()
    {
        await using Connection child = await Started.Script("echo last; exec 1>&-; read line; exit 5", new ConnectionOptions { CloseTimeout = Timeout.InfiniteTimeSpan });

        Assert.Equal("last\n", await Talk.ReadTextToEndAsync(child).Within());

        Assert.False(child.TryGetExitCode(out _));
        await Talk.SendAndEndAsync(child, "line\n"u8.ToArray()).Within();
        await Eventually.TrueAsync(() => child.TryGetExitCode(out _), "it has exited");
        Assert.Equal(5, Started.ExitCode(child));
    }

    [Fact]
    public async Task Read_GrandchildHoldsThePipe_EndsAfterTheCloseTimeout()
    {
        await using Connection child = await Started.Script("sleep 1000 & echo $!; exit 3", Brief);
        string grandchild = await ReadLineAsync(child);

        Assert.Empty(await Talk.ReadToEndAsync(child).Within());

        Assert.Equal(3, Started.ExitCode(child));
        Kill(grandchild);
    }

    [Fact]
    public async Task Read_GrandchildNeverStopsTalking_EndsAfterTheCloseTimeout()
    {
        await using Connection child = await Started.Script("yes & exit 0", Brief);

        byte[] heard = await Talk.ReadToEndAsync(child).Within();

        Assert.NotEmpty(heard);
    }

    [Fact]
    public async Task Dispose_GrandchildHoldsThePipe_DoesNotWaitForIt()
    {
        Connection child = await Started.Script("sleep 1000 & echo $!; exit 3", new ConnectionOptions { CloseTimeout = Timeout.InfiniteTimeSpan });
        string grandchild = await ReadLineAsync(child);

        await child.DisposeAsync().Within();

        Assert.Equal(3, Started.ExitCode(child));
        Kill(grandchild);
    }

    [Fact]
    public async Task Dispose_ChildGetsItsEnd_AndEndsByItself()
    {
        Connection cat = await Started.Connect(new ProcessEndPoint("cat"), new ConnectionOptions { CloseTimeout = Timeout.InfiniteTimeSpan });
        await Talk.SendAsync(cat, Payload.Random(1000));

        await cat.DisposeAsync().Within();

        Assert.Equal(0, Started.ExitCode(cat));
    }

    [Fact]
    public async Task Dispose_ChildIgnoresItsEnd_IsAskedWithSigterm()
    {
        // The signal comes after three quarters of the time; on a busy machine the rest is needed to act on it.
        var options = new ConnectionOptions { CloseTimeout = TimeSpan.FromSeconds(6) };
        Connection child = await Started.Script("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done", options);
        await ReadLineAsync(child);
        int pid = Started.Pid(child);

        await child.DisposeAsync().Within();

        Assert.Equal(9, Started.ExitCode(child));
        Assert.True(Started.IsGone(pid));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task End_ChildIgnoresSigterm_IsKilled(bool aborts)
    {
        Connection child = await Started.Script("trap '' TERM; echo ready; while :; do sleep 0.01; done", Brief);
        await ReadLineAsync(child);
        int pid = Started.Pid(child);

        if (aborts)
            child.Abort();
        await child.DisposeAsync().Within();

        Assert.Equal(128 + 9, Started.ExitCode(child));
        Assert.True(Started.IsGone(pid));
    }

    [Fact]
    public async Task Abort_WithoutDispose_ChildIsReaped()
    {
        Connection child = await Started.Program("sleep", "1000");
        int pid = Started.Pid(child);

        child.Abort();

        await Started.GoneAsync(pid);
        Assert.Equal(128 + 15, Started.ExitCode(child));
    }

    private static async Task MustNotStartAsync(ProcessEndPoint program, Reason reason, string cause)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Started.Connect(program));

        Assert.Equal((Step.Open, reason), (failure.Step, failure.Reason));
        Assert.Equal(cause, failure.Cause);
        Assert.StartsWith("cannot start exec: -- ", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<string> ReadLineAsync(Connection child)
    {
        string line = "";
        while (!line.EndsWith('\n'))
            line += await Talk.ReadTextAsync(child, 1).Within();
        return line.TrimEnd();
    }

    private static void Kill(string pid)
    {
        using var process = Process.GetProcessById(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture));
        process.Kill();
    }
}
