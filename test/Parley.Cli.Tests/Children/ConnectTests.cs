using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Children;

/// <summary><c>connect exec:</c>: standard input to a program, its output to ours, its exit code ours.</summary>
public sealed class ConnectTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Connect_Sort_SortsStandardInput()
    {
        CommandResult result = await Command.RunAsync(new Launch("connect", "exec:", "--", "sort") { Input = "b\nc\na\n"u8.ToArray() });

        Assert.Equal("a\nb\nc\n", result.MustExit(0).Text);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Connect_LargeDataBothWays_ArrivesWhole()
    {
        byte[] said = Random(16 * Megabyte);

        CommandResult result = await Command.RunAsync(new Launch("connect", "exec:", "--", "cat") { Input = said, Limit = Limits.Transfer });

        MustEqual(said, result.MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Connect_ArgumentsOfEveryKind_ArriveUntouched()
    {
        string program = await CPrograms.PathOfAsync("print_arguments");
        string[] arguments = ["", "a b", "'\"$HOME`id`\\", "two\nlines", "ünïcödé 語 🙂", "-q", "--", "--help", "--trace", "exec:", "@file", "*", ""];

        CommandResult result = await Command.RunAsync(["connect", "exec:", "--", program, .. arguments]);

        Assert.Equal(arguments, result.MustExit(0).Text.Split('\0')[..^1]);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 1", 1)]
    [InlineData("exit 42", 42)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -KILL $$", 137)]
    public async Task Connect_ExitCode_IsTheChilds(string script, int code)
    {
        CommandResult result = await Command.RunAsync("connect", "exec:", "--", "sh", "-c", "echo said; " + script);

        Assert.Equal("said\n", result.MustExit(code).Text);
        Assert.Equal(code > 128, result.Error.Contains("sh was ended by signal", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connect_Quiet_OnlyTheExitCodeTells()
    {
        CommandResult result = await Command.RunAsync("connect", "exec:", "-q", "--", "sh", "-c", "kill -KILL $$");

        Assert.Empty(result.MustExit(137).Error);
    }

    [Fact]
    public async Task Connect_ChildExits_StandardInputIsNotWaitedFor()
    {
        await using ChildProcess parley = Command.Start("connect", "exec:", "--", "sh", "-c", "echo done; exit 3");

        // Its standard input stays open.
        CommandResult result = await parley.EndAsync();

        Assert.Equal("done\n", result.MustExit(3).Text);
    }

    [SkippableFact]
    public async Task Connect_ChildThatReadsNothing_StillSaysEverything()
    {
        string program = await CPrograms.PathOfAsync("deaf_talker");

        CommandResult result = await Command.RunAsync(
            new Launch("connect", "exec:", "-v", "--", program, "3000000") { Input = Random(4 * Megabyte), Limit = Limits.Transfer });

        Assert.Equal(3_000_000, result.MustExit(0).Output.Length);
        Assert.Contains("deaf_talker reads no more", result.Error, StringComparison.Ordinal);
        Assert.Matches(@"deaf_talker \(pid \d+\): exit code 0", result.Error);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    public async Task Connect_ChildThatLeavesItsInputUnread_OnlyVerboseTells(string script, int code)
    {
        foreach (string option in new[] { "-v", "--send-only" })
        {
            CommandResult result = await Command.RunAsync(
                new Launch("connect", "exec:", option, "--", "sh", "-c", "dd bs=1 count=1 >/dev/null 2>&1; " + script) { Input = new byte[1000] });

            bool tells = option is "-v";
            Assert.Equal(tells, result.MustExit(code).Error.Contains("999 bytes not delivered", StringComparison.Ordinal));
            Assert.Equal(tells, result.Error.Length > 0);
        }
    }

    [Fact]
    public async Task Connect_StandardErrorOfTheChild_IsOurs()
    {
        CommandResult result = await Command.RunAsync("connect", "exec:", "--", "sh", "-c", "echo complaint >&2");

        Assert.Equal("complaint\n", result.MustExit(0).Error);
    }

    [Fact]
    public async Task Connect_ReceiveOnly_TheChildReadsAnEmptyInput()
    {
        await using ChildProcess parley = Command.Start("connect", "exec:", "--receive-only", "--", "sh", "-c", "cat; echo end");

        Assert.Equal("end\n", (await parley.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Connect_KilledChild_IsToldAtOnce()
    {
        await using ChildProcess parley = Command.Start("connect", "exec:", "--", "sh", "-c", "echo $$; exec sleep 1000");
        await parley.WaitForOutputAsync(2);
        await Eventually.TrueAsync(() => parley.OutputSoFar[^1] == '\n', "a whole line");

        Signals.Send(Number(parley), Signal.Kill);

        (await parley.EndAsync()).MustExit(137);
    }

    [SkippableTheory]
    [InlineData((int)Signal.Terminate)]
    [InlineData((int)Signal.Interrupt)]
    public async Task Connect_Interrupted_LeavesNoChildBehind(int signal)
    {
        string program = await CPrograms.PathOfAsync("stubborn");
        await using ChildProcess parley = Command.Start("connect", "exec:", "--", program);
        await Eventually.TrueAsync(() => parley.OutputLength > 1 && parley.OutputSoFar[^1] == '\n', parley.Describe);
        int child = Number(parley);

        parley.Send((Signal)signal);

        (await parley.EndAsync()).MustExit(130);
        Assert.False(Directory.Exists($"/proc/{child}"), "the child outlived the command");
    }

    [SkippableFact]
    public async Task Connect_StartedWithChildSignalsIgnored_StillHasTheExitCode()
    {
        string python = Programs.Require("python3");
        await using ChildProcess parley = ChildProcess.Start(
        [
            python, "-c", "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])",
            .. CommandFiles.Words, "connect", "exec:", "--", "sh", "-c", "exit 6",
        ]);

        (await parley.EndAsync()).MustExit(6);
    }

    [Theory]
    [InlineData("connect exec:", "a program is missing", "parley connect exec: -- sort")]
    [InlineData("connect exec: --", "a program is missing", "parley connect exec: -- sort")]
    [InlineData("connect exec: sort", "unknown argument 'sort'", "behind --")]
    [InlineData("connect exec:sort", "wrong endpoint 'exec:sort'", "")]
    [InlineData("serve --exec", "a program is missing", "parley serve")]
    [InlineData("serve --exec --echo -- cat", "only one of", "")]
    [InlineData("serve exec: -- cat", "ENDPOINT cannot be exec: here", "--exec -- PROGRAM")]
    [InlineData("listen exec: -- cat", "ENDPOINT cannot be exec: here", "--exec -- PROGRAM")]
    [InlineData("ping exec: -- cat", "ENDPOINT cannot be exec: here", "")]
    [InlineData("relay exec: tcp://127.0.0.1:1 -- cat", "LISTEN cannot be exec: here", "")]
    [InlineData("relay tcp://127.0.0.1:0 exec:", "a program is missing", "parley relay")]
    public async Task WrongUsage_IsExplained(string words, string problem, string hint)
    {
        CommandResult result = (await Command.RunAsync(words.Split(' '))).MustExit(2);

        Assert.StartsWith("parley: " + problem, result.Error, StringComparison.Ordinal);
        Assert.Contains(hint, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-program", 3, "cannot start exec: -- no-such-program: no such program (ENOENT)", "PATH")]
    [InlineData("/etc/passwd", 6, "cannot start exec: -- /etc/passwd: this user may not execute it (EACCES)", "chmod +x")]
    public async Task Connect_Impossible_SaysWhy(string program, int code, string problem, string hint)
    {
        CommandResult result = (await Command.RunAsync("connect", "exec:", "--", program)).MustExit(code);

        Assert.StartsWith("parley: " + problem, result.Error, StringComparison.Ordinal);
        Assert.Contains(hint, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRun_StartsNothing()
    {
        CommandResult result = await Command.RunAsync("connect", "exec:", "--dry-run", "--", "touch", _folder["made"]);

        Assert.Equal("would start exec: -- touch and join it to standard input and output\n", result.MustExit(0).Error);
        Assert.False(File.Exists(_folder["made"]));
    }

    [Fact]
    public async Task Trace_TellsTheChildsLife()
    {
        CommandResult result = await Command.RunAsync(
            new Launch("connect", "exec:", "--trace", "--", "sh", "-c", "cat; exit 5") { Input = Encoding.UTF8.GetBytes("said") });

        string[] lines = result.MustExit(5).ErrorLines;
        Assert.Equal(2, lines.Count(line => line.StartsWith("pipe(", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.StartsWith("spawn()", StringComparison.Ordinal) && line.Contains("runs exec: -- sh", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("close(", StringComparison.Ordinal) && line.Contains("half-close", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("wait(", StringComparison.Ordinal) && line.Contains("exit code 5", StringComparison.Ordinal));
    }

    private static int Number(ChildProcess parley)
        => int.Parse(Encoding.ASCII.GetString(parley.OutputSoFar), System.Globalization.CultureInfo.InvariantCulture);
}
