namespace Parley.Cli.Tests.Messages;

/// <summary>A file for messages that cannot be one: what is wrong is said, with what helps, and nothing is left behind.</summary>
public sealed class SpoolTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task OpenToOthers_IsRefusedWithWhatHelps()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync();
        await File.WriteAllTextAsync(_folder["spool"], "");
        File.SetUnixFileMode(_folder["spool"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        CommandResult result = await Command.RunAsync("relay", source.Endpoint, target.Endpoint, "--spool", _folder["spool"]);

        Errors.Failure.MustBe(result, "6", "its mode has to be 0600", $"chmod 600 {_folder["spool"]}$");
    }

    [SkippableFact]
    public async Task NoRoomOnTheDisk_SaysHowLessIsTakenAndLeavesNoFile()
    {
        Programs.RequireRoot("a small disk");
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync();
        string unshare = Programs.Require("unshare");
        string relay = Command.Shell("relay", source.Endpoint, target.Endpoint, "--spool", _folder["spool"]);

        await using ChildProcess script = ChildProcess.Start([unshare, "-m", "sh", "-c", $"mount -t tmpfs -o size=64k none {_folder.Path} && {{ {relay}; code=$?; ls {_folder.Path}; exit $code; }}"]);
        CommandResult result = await script.EndAsync();

        Errors.Failure.MustBe(result, "3", @"takes \d+ bytes, and there is less room on its device \(ENOSPC\)", "--spool-size");
        Assert.Empty(result.Text);
    }

    [SkippableFact]
    public async Task TooSmallForOneMessage_IsWrongUsageAndLeavesNoFile()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync();

        CommandResult result = await Command.RunAsync("relay", source.Endpoint, target.Endpoint, "--spool", _folder["spool"], "--spool-size", "4200");

        Errors.Failure.MustBe(result, "2", "--spool-size: 4200 bytes are too few: a spool for one message of 300 bytes takes 4480$");
        Assert.False(File.Exists(_folder["spool"]));
    }
}
