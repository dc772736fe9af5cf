using System.Net.Sockets;

namespace Parley.Cli.Tests.Faults;

/// <summary>Standard streams that are closed or empty from the start, as a shell's background jobs and cron have them.</summary>
public sealed class ClosedStreamTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("</dev/null")]
    [InlineData("-v </dev/null")]
    public async Task Listen_EmptyStandardInput_TakesWhatTheClientSays(string rest)
    {
        string path = _folder["s"];
        await using ChildProcess parley = Command.StartScript($"exec {Command.Shell("listen", $"unix:{path}")} {rest}");
        await ProcFs.ListeningAsync($"unix:{path}", parley);
        using Socket client = await RawSocket.ConnectAsync($"unix:{path}");

        await RawSocket.SendAndShutdownAsync(client, "hi\n"u8.ToArray());

        Assert.Empty(await RawSocket.ReadToEndAsync(client));
        Assert.Equal("hi\n", (await parley.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Connect_StandardErrorClosed_TheExitCodeTells()
    {
        await using ChildProcess parley = Command.StartScript($"exec {Command.Shell("connect", $"unix:{_folder["nobody"]}")} 2>&-");

        Assert.Empty((await parley.EndAsync()).MustExit(3).Output);
    }

    [Fact]
    public async Task Serve_StandardErrorClosed_ServesAndKeepsItsMessagesToItself()
    {
        string path = _folder["s"];
        await using ChildProcess parley = Command.StartScript($"exec {Command.Shell("serve", $"unix:{path}", "-v")} 2>&-");
        await ProcFs.ListeningAsync($"unix:{path}", parley);
        for (int i = 0; i < 5; i++)
        {
            using Socket client = await RawSocket.ConnectAsync($"unix:{path}");
            Assert.Equal("Server Message"u8.ToArray(), await RawSocket.ReadToEndAsync(client));
        }

        parley.Send(Signal.Terminate);
        (await parley.EndAsync()).MustExit(0);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    public async Task Help_StandardOutputClosed_SaysSo(string option)
    {
        await using ChildProcess parley = Command.StartScript($"exec {Command.Shell(option)} >&-");

        Assert.Contains("closed", (await parley.EndAsync()).MustExit(1).Error, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(">&-", @"it is closed \(EBADF\)")]
    [InlineData(">/dev/full", @"no space left on device \(ENOSPC\)")]
    public async Task EveryVerb_StandardOutputOfNoUse_SaysSoInTheSameWords(string output, string cause)
    {
        using Messages.TestQueue queue = await Messages.TestQueue.CreateAsync();
        await queue.PutAsync("one");
        foreach (string[] words in new string[][] { ["receive", queue.Endpoint, "--count", "1"], ["inspect", queue.Endpoint], ["inspect", queue.Endpoint, "--json"], ["--help"] })
        {
            await using ChildProcess parley = Command.StartScript($"exec {Command.Shell(words)} {output}");

            string[] said = (await parley.EndAsync()).MustExit(1).ErrorLines;

            Assert.Matches($"^parley: cannot write to standard output: {cause}$", said[^1]);
            Assert.True(said.Length == 1 || said[0].StartsWith("parley: a message of 3 bytes was put back", StringComparison.Ordinal), string.Join('\n', said));
        }
    }

    /// <summary>What a program does not undo when it ends the shell has to live with: keys that send something else.</summary>
    [SkippableTheory]
    [InlineData("")]
    [InlineData(" | cat")]
    public async Task EveryVerb_OnATerminal_LeavesItAsItWas(string rest)
    {
        using Messages.TestQueue queue = await Messages.TestQueue.CreateAsync();
        await using RawListener server = RawListener.Open();
        (string[] Words, string Says)[] all =
        [
            (["inspect", queue.Endpoint], "0 of"), (["inspect", queue.Endpoint, "--json"], "{"), (["ping", server.Endpoint], "connected in"), (["list"], ""), (["--help"], "Usage"),
            (["serve", "--help"], "Usage"), (["--version"], "."),
        ];
        foreach ((string[] words, string says) in all)
        {
            await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell(words) + rest);

            string shown = (await terminal.EndAsync()).Text;

            Assert.Contains(says, shown, StringComparison.Ordinal);
            Assert.DoesNotContain("\u001b", shown, StringComparison.Ordinal);
        }
    }

    /// <summary>It goes on where whoever had the file before has ended, and whoever has it after it goes on behind it.</summary>
    [Fact]
    public async Task Version_ToAFileOfOthers_StandsBetweenTheirs()
    {
        await using ChildProcess script = Command.StartScript($"{{ echo before; {Command.Shell("--version")}; echo after; }} > {_folder["file"]}");
        (await script.EndAsync()).MustExit(0);

        string[] lines = await File.ReadAllLinesAsync(_folder["file"]);

        Assert.Equal(3, lines.Length);
        Assert.Equal(("before", "after"), (lines[0], lines[2]));
    }

    [SkippableFact]
    public async Task Connect_OnATerminal_SetsNothingUp()
    {
        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell("connect", $"unix:{_folder["nobody"]}"));

        CommandResult result = await terminal.EndAsync();

        Assert.Contains("cannot connect", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", result.Text, StringComparison.Ordinal);
    }
}
