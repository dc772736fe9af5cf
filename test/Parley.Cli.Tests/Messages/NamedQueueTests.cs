using System.Text.Json;

namespace Parley.Cli.Tests.Messages;

/// <summary><c>create</c>, <c>inspect</c>, <c>remove</c> and <c>list</c> of queues.</summary>
public sealed class NamedQueueTests
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

        Errors.Failure.MustBe(await Command.RunAsync("inspect", queue.Endpoint), "3", "ENOENT", "parley create");
        Errors.Failure.MustBe(await Command.RunAsync("remove", queue.Endpoint), "1|3", "cannot remove .*ENOENT");
    }

    [SkippableFact]
    public async Task Create_Twice_IsRefused()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        Errors.Failure.MustBe(await Command.RunAsync("create", queue.Endpoint), "1", "cannot create .*EEXIST", "parley inspect");
    }

    [SkippableFact]
    public async Task List_ShowsThisUsersQueuesOrSaysWhyNot()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        CommandResult result = await Command.RunAsync("list", "--json");

        if (result.ExitCode == 0)
            Assert.Contains($"\"endpoint\":\"{queue.Endpoint}\"", result.Text, StringComparison.Ordinal);
        else
            Assert.Contains("no mqueue file system is mounted", result.MustExit(1).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("amqp://127.0.0.1?queue=orders", "rabbitmqctl list_queues")]
    [InlineData("mq:/orders", "parley inspect ENDPOINT")]
    public async Task List_OneEndpoint_SaysWhatShowsIt(string endpoint, string hint)
        => Errors.Failure.MustBe(await Command.RunAsync("list", endpoint), "2", "list takes no endpoint", hint);
}
