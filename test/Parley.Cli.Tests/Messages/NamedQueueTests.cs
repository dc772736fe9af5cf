using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Parley.Cli.Tests.Messages;

/// <summary><c>create</c>, <c>inspect</c>, <c>remove</c> and <c>list</c> of queues.</summary>
public sealed partial class NamedQueueTests
{
    [SkippableFact]
    public async Task Inspect_CProgramsQueue_SaysWhatItIs()
    {
        using TestQueue queue = TestQueue.Unmade();
        (await CPrograms.RunAsync("queue", "create", queue.Name, "3", "100")).MustExit(0);
        await queue.PutAsync("four");

        CommandResult line = (await Command.RunAsync("inspect", queue.Endpoint)).MustExit(0);
        using var json = JsonDocument.Parse((await Command.RunAsync("inspect", queue.Endpoint, "--json")).MustExit(0).Text);

        Assert.Matches($@"^{queue.Endpoint}: queue, mode 0600, owner \d+:\d+, 1 of 3 messages waiting \(4 bytes\), at most 100 bytes each\n$", line.Text);
        Assert.Equal(3, json.RootElement.GetProperty("capacity").GetInt32());
        Assert.Equal(100, json.RootElement.GetProperty("message_size").GetInt32());
        Assert.Equal("0600", json.RootElement.GetProperty("mode").GetString());
    }

    [SkippableFact]
    public async Task Remove_CannotBeOpenedAnyMore()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        (await Command.RunAsync("remove", queue.Endpoint)).MustExit(0);

        Errors.Failure.MustBe(await Command.RunAsync("inspect", queue.Endpoint), "3", $@"cannot open {queue.Endpoint}: there is no queue of that name \(ENOENT\)$", $"parley create {queue.Endpoint}; .*parley list$");
        Errors.Failure.MustBe(await Command.RunAsync("remove", queue.Endpoint), "3", $@"cannot remove {queue.Endpoint}: there is no queue of that name \(ENOENT\)$", "parley list");
    }

    [SkippableFact]
    public async Task Create_Twice_IsRefused()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        Errors.Failure.MustBe(await Command.RunAsync("create", queue.Endpoint), "1", "cannot create .*EEXIST", "parley inspect");
    }

    [SkippableTheory]
    [InlineData("--capacity", "65537", "1", "65537 messages are more than the kernel ever allows: 65536; this queue needs .* bytes for 65537 messages of 1 byte$")]
    [InlineData("--message-size", "16777217", "1", "16777217 bytes a message are more than the kernel ever allows: 16777216; this queue needs .* bytes for 1 message of 16777217 bytes$")]
    public async Task Create_MoreThanTheKernelAllows_SaysWhatItNeeds(string option, string size, string other, string cause)
    {
        using TestQueue queue = TestQueue.Unmade();
        string rest = option is "--capacity" ? "--message-size" : "--capacity";

        Errors.Failure.MustBe(await Command.RunAsync("create", queue.Endpoint, option, size, rest, other), "1", cause.Replace("$", @" \(EINVAL\)$", StringComparison.Ordinal));
    }

    /// <summary>The command that it names is for any shell, <c>sh</c> among them.</summary>
    [SkippableFact]
    public async Task Create_OverTheUsersBytes_IsMendedAsItSays()
    {
        using TestQueue queue = TestQueue.Unmade();
        string create = Command.Shell("create", queue.Endpoint, "--capacity", "1", "--message-size", "100");
        string limited = $"{Programs.Require("prlimit")} --pid $$ --msgqueue=1:\n{create}\n";
        await using ChildProcess refused = Command.StartScript(limited);
        Match hint = HowToRaise().Match((await refused.EndAsync()).MustExit(1).Error);
        Assert.True(hint.Success);

        await using ChildProcess mended = Command.StartScript($"{limited}{hint.Groups[1].Value.Replace("BYTES", "819200", StringComparison.Ordinal)} && {create}");

        (await mended.EndAsync()).MustExit(0);
    }

    [SkippableTheory]
    [InlineData("msg_max", "--capacity", "1 byte")]
    [InlineData("msgsize_max", "--message-size", "1 message of")]
    public async Task Create_MoreThanTheSystemAllowsAUser_SaysWhatItNeeds(string setting, string option, string counted)
    {
        using TestQueue queue = TestQueue.Unmade();
        int most = int.Parse(await File.ReadAllTextAsync($"/proc/sys/fs/mqueue/{setting}"), CultureInfo.InvariantCulture);
        string rest = option is "--capacity" ? "--message-size" : "--capacity";
        string asked = (most + 1).ToString(CultureInfo.InvariantCulture);

        CommandResult result = await Command.RunAsync(new Launch("create", queue.Endpoint, option, asked, rest, "1") { User = Launch.Nobody });

        Errors.Failure.MustBe(result, "1", $@"more than {setting} allows, {most}: this queue needs \d+ bytes for .*{counted}.*; ask for less, or as root raise it with 'sysctl fs\.mqueue\.{setting}={asked}'");
    }

    [SkippableFact]
    public async Task Create_MoreQueuesThanTheSystemHolds_SaysWhatItNeeds()
    {
        Programs.RequireRoot("a limit of one's own");
        using TestQueue queue = TestQueue.Unmade();
        string create = string.Join(' ', CommandFiles.PublicWords.Append("create").Append(queue.Endpoint).Select(Command.Quote));
        string stranger = $"setpriv --reuid={Launch.Nobody} --regid={Launch.Nobody} --clear-groups env HOME=/tmp DOTNET_CLI_HOME=/tmp {create} --capacity 1 --message-size 10";
        await using ChildProcess shell = ChildProcess.Start([Programs.Require("unshare"), "--ipc", "sh", "-c", $"echo 0 > /proc/sys/fs/mqueue/queues_max && exec {stranger}"]);

        Errors.Failure.MustBe(await shell.EndAsync(), "1", @"no more queues than queues_max says, 0, and this one needs 106 bytes for 1 message of 10 bytes: remove some, or .*queues_max=NUMBER' \(ENOSPC\)$");
    }

    [SkippableFact]
    public async Task List_ShowsThisUsersQueuesOrSaysWhyNot()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        CommandResult result = await Command.RunAsync("list", "--json");

        if (result.MustExit(0).Error.Length == 0)
            Assert.Contains($"\"endpoint\":\"{queue.Endpoint}\"", result.Text, StringComparison.Ordinal);
        else
            Assert.Contains("no mqueue file system is mounted", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("amqp://127.0.0.1?queue=orders", "rabbitmqctl list_queues")]
    [InlineData("mq:/orders", "parley inspect ENDPOINT")]
    public async Task List_OneEndpoint_SaysWhatShowsIt(string endpoint, string hint)
        => Errors.Failure.MustBe(await Command.RunAsync("list", endpoint), "2", "list takes no endpoint", hint);

    [GeneratedRegex(@"or raise it with '([^']*)'", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex HowToRaise();
}
