using Failure = Parley.Cli.Tests.Errors.Failure;

namespace Parley.Cli.Tests.Fifos;

/// <summary>What cannot be done with a FIFO, and what is said then.</summary>
public sealed class FifoUsageTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public static TheoryData<string, string, string, string> Wrong => new()
    {
        { "connect {fifo}", "2", "--receive-only or --send-only", "fifo:/in:/out" },
        { "listen {fifo}", "2", "--receive-only or --send-only", "fifo:/in:/out" },
        { "serve {fifo} --echo", "2", "--echo needs a pair", "fifo:/in:/out" },
        { "serve {fifo} --exec -- tr a b", "2", "--exec needs a pair", "fifo:/in:/out" },
        { "connect fifo:{folder}/p1:p2", "2", "--receive-only or --send-only", "fifo:{folder}/p1:./p2" },
        { "connect {fifo} --receive-only --follow --timeout 0.5", "2", "--follow .*--timeout", "" },
        { "ping {fifo}", "2", "cannot be pinged", "parley inspect {fifo}" },
        { "connect {fifo} --send-only --follow", "2", "--follow", "--receive-only" },
        { "connect {pair} --follow", "2", "--follow", "" },
        { "connect tcp://127.0.0.1:1 --receive-only --follow", "2", "--follow", "" },
        { "listen {fifo} --send-only --follow", "2", "--follow", "" },
        { "relay tcp://127.0.0.1:0 {fifo} --follow", "2", "--follow", "" },
        { "connect {fifo} --receive-only --timeout 0.1", "4", "no writer came within 0.1 s", "" },
        { "connect {fifo} --send-only --timeout 0.1", "4", "no reader came within 0.1 s", "" },
        { "connect fifo:{folder}/none --receive-only", "3", @"cannot open fifo:{folder}/none: .*\(ENOENT\)", "parley create fifo:{folder}/none" },
        { "serve fifo:{folder}/none", "3", @"cannot open fifo:{folder}/none: .*\(ENOENT\)", "parley create fifo:{folder}/none" },
        { "serve fifo:{folder}", "3", "is a directory, not a FIFO", "" },
        { "create {fifo}", "1", @"cannot create {fifo}: exists already \(EEXIST\)", "parley inspect {fifo}" },
        { "create fifo:{folder}/none --mode 9", "2", "--mode|'9'", "" },
        { "create tcp://127.0.0.1:1", "2", "nothing to create", "fifo:/path" },
        { "inspect unix:/tmp/s", "2", "nothing to inspect", "fifo:/path" },
        { "remove stdio:", "2", "nothing to remove", "fifo:/path" },
        { "remove fifo:{folder}", "1", "is a directory, not a FIFO", "" },
        { "remove fifo:{folder}/none", "3", @"cannot remove fifo:{folder}/none: .*\(ENOENT\)", "ls -l {folder}$" },
        { "remove fifo:{folder}/none/fifo", "3", @"cannot remove fifo:{folder}/none/fifo: .*\(ENOENT\)", "ls -l {folder}/none$" },
        { "inspect fifo:{folder}/none", "3", @"cannot open fifo:{folder}/none: .*\(ENOENT\)", "parley create fifo:{folder}/none" },
    };

    public void Dispose() => _fifo.Dispose();

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Arguments_ThatCannotBe_AreOneLineWithTheCause(string arguments, string exit, string cause, string hint)
    {
        CommandResult result = await Command.RunAsync(Fill(arguments).Split(' '));

        Failure.MustBe(result, exit, Fill(cause), Fill(hint));
        Assert.Empty(result.Output);
    }

    [SkippableTheory]
    [InlineData("--receive-only")]
    [InlineData("--send-only")]
    public async Task Connect_WithoutPermission_IsDenied(string direction)
    {
        _fifo.Folder.OpenToAll();
        File.SetUnixFileMode(_fifo.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        CommandResult result = await Command.RunAsync(new Launch("connect", _fifo.Endpoint, direction) { User = Launch.Nobody });

        Failure.MustBe(result, "6", @"cannot open fifo:.*: permission denied \(EACCES\)", "has mode 0600");
    }

    /// <summary>Nobody is told that it listens where it cannot.</summary>
    [SkippableTheory]
    [InlineData("600", "serve {fifo}")]
    [InlineData("602", "serve {fifo}")]
    [InlineData("604", "serve {fifo}")]
    [InlineData("602", "serve {fifo} --discard")]
    [InlineData("604", "listen {fifo} --send-only")]
    [InlineData("602", "listen {fifo} --receive-only")]
    public async Task Listen_WithoutPermission_IsDeniedBeforeItSaysThatItListens(string mode, string arguments)
    {
        _fifo.Folder.OpenToAll();
        File.SetUnixFileMode(_fifo.Path, (UnixFileMode)Convert.ToInt32(mode, 8));

        CommandResult result = await Command.RunAsync(new Launch(Fill(arguments).Split(' ')) { User = Launch.Nobody });

        Failure.MustBe(result, "6", @"cannot open fifo:.*\(EACCES\)", $"belongs to user 0 and group 0 and has mode 0{mode}");
    }

    /// <summary>A box that anybody may drop something into: its writers may not read it, and wait for a reader all the same.</summary>
    [SkippableFact]
    public async Task ConnectSendOnly_PermissionToWriteAlone_IsEnough()
    {
        _fifo.Folder.OpenToAll();
        File.SetUnixFileMode(_fifo.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Task<CommandResult> command = Command.RunAsync(
            new Launch("connect", _fifo.Endpoint, "--send-only") { User = Launch.Nobody, Input = Payload.ServerMessage });
        await using ChildProcess cat = _fifo.Cat();

        (await command).MustExit(0);
        Assert.Equal(Payload.ServerMessage, (await cat.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task Create_WhateverTheUmask_HasTheModeAskedFor()
    {
        string made = $"fifo:{_fifo["made"]}:{_fifo["made2"]}";
        await using ChildProcess shell = Command.StartScript("umask 077; " + Command.Shell("create", made, "--mode", "0622"));
        (await shell.EndAsync()).MustExit(0);

        CommandResult plain = (await Command.RunAsync("inspect", made)).MustExit(0);
        CommandResult json = (await Command.RunAsync("inspect", made, "--json")).MustExit(0);

        string owner = $"{(await ChildProcess.RunAsync("id", "-u")).Text.Trim()}:{(await ChildProcess.RunAsync("id", "-g")).Text.Trim()}";
        Assert.Equal($"fifo:{_fifo["made"]}: fifo, mode 0622, owner {owner}\nfifo:{_fifo["made2"]}: fifo, mode 0622, owner {owner}\n", plain.Text);
        Assert.Contains("\"type\":\"fifo\",\"mode\":\"0622\"", json.Text, StringComparison.Ordinal);
        (await Command.RunAsync("remove", made)).MustExit(0);
        Assert.False(File.Exists(_fifo["made"]) || File.Exists(_fifo["made2"]));
    }

    private string Fill(string text) => text
        .Replace("{fifo}", _fifo.Endpoint, StringComparison.Ordinal)
        .Replace("{pair}", _fifo.PairEndpoint, StringComparison.Ordinal)
        .Replace("{folder}", _fifo.Folder.Path, StringComparison.Ordinal);
}
