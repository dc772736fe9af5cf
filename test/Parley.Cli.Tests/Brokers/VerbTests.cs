using System.Text;
using System.Text.Json;
using Parley.Tests;
using Broker = Parley.Tests.Broker;

namespace Parley.Cli.Tests.Brokers;

/// <summary>The verbs of messages, on queues of a broker.</summary>
[Collection(SharedBroker.Collection)]
public sealed class VerbTests
{
    [SkippableFact]
    public async Task SendReceive_AnyBytes_AreTheSame()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        byte[] message = [.. Enumerable.Range(0, 256).Select(static value => (byte)value)];
        (await Command.RunAsync(queue.Launch("send", queue.Endpoint, "--whole") with { Input = message })).MustExit(0);
        await queue.PutAsync("", "text");

        CommandResult result = await queue.RunAsync("receive", queue.Endpoint, "--count", "3", "--output", "len32");

        byte[] expected = [0, 0, 1, 0, .. message, 0, 0, 0, 0, 0, 0, 0, 4, .. "text"u8];
        Assert.Equal(expected, result.MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Send_ManyLines_CountsWhatIsConfirmed()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(static number => $"{number}\n")));

        CommandResult sent = await Command.RunAsync(queue.Launch("send", queue.Endpoint, "-v") with { Input = lines });

        Assert.Contains("3000 messages sent", sent.MustExit(0).Error, StringComparison.Ordinal);
        Assert.Equal(lines, (await queue.RunAsync("receive", queue.Endpoint, "--count", "3000")).MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Receive_Count_LeavesTheOthersUntouched()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        await queue.PutAsync("one", "two", "three");

        Assert.Equal("one\n", await queue.TakeAsync(1));

        string json = (await queue.RunAsync("receive", queue.Endpoint, "--count", "2", "--json")).MustExit(0).Text;
        foreach (string line in json.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var message = JsonDocument.Parse(line);
            Assert.False(message.RootElement.GetProperty("redelivered").GetBoolean(), json);
        }
    }

    [SkippableFact]
    public async Task Receive_OutputClosed_NothingIsLost()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(static number => $"{number}\n")));
        (await Command.RunAsync(queue.Launch("send", queue.Endpoint) with { Input = lines })).MustExit(0);
        string user = $"PARLEY_AMQP_USER={Broker.User} PARLEY_AMQP_PASSWORD={Broker.Password}";
        await using ChildProcess script = Command.StartScript($"{user} {Command.Shell("receive", queue.Endpoint)} | head -n 3");
        Assert.Equal("0\n1\n2\n", (await script.EndAsync()).Text);

        string rest = (await queue.RunAsync("receive", queue.Endpoint, "--no-wait")).MustExit(0).Text;

        // What the pipe held was printed; the last is there once more or was printed, and all that follow are there in order.
        string[] left = rest.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int first = int.Parse(left[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(first, 3, 499);
        Assert.Equal(Enumerable.Range(first, 500 - first).Select(static number => $"{number}"), left);
    }

    [SkippableFact]
    public async Task Receive_KilledWhilePrinting_MessageComesAgainMarked()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        (await Command.RunAsync(queue.Launch("send", queue.Endpoint, "--whole") with { Input = new byte[1_000_000] })).MustExit(0);

        // Nobody reads what it prints, and a pipe does not hold so much.
        await using (ChildProcess receiver = Command.Start(queue.Launch("receive", queue.Endpoint) with { CollectOutput = false }))
        {
            await queue.HasWaitingAsync(0);
            receiver.Send(Signal.Kill);
            await queue.HasWaitingAsync(1);
        }

        using var message = JsonDocument.Parse((await queue.RunAsync("receive", queue.Endpoint, "--count", "1", "--json")).MustExit(0).Text);
        Assert.True(message.RootElement.GetProperty("redelivered").GetBoolean());
        Assert.Equal(1_000_000, message.RootElement.GetProperty("size").GetInt32());
    }

    [SkippableFact]
    public async Task Receive_NothingThere_TimesOut()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();

        Errors.Failure.MustBe(await queue.RunAsync("receive", queue.Endpoint, "--no-wait"), "4", "no message is there");
        Errors.Failure.MustBe(await queue.RunAsync("receive", queue.Endpoint, "--timeout", "0.2"), "4", "no message came for 0.2 s");
    }

    [SkippableFact]
    public async Task Create_Priorities_HighestIsReceivedFirst()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync(null, "--priorities", "9");
        (await queue.RunAsync("send", queue.Endpoint, "--priority", "1", "low")).MustExit(0);
        (await queue.RunAsync("send", queue.Endpoint, "--priority", "9", "high")).MustExit(0);

        Assert.Equal("high\nlow\n", await queue.TakeAsync(2));
    }

    [SkippableFact]
    public async Task Create_Twice_IsRefused()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();

        Errors.Failure.MustBe(await queue.RunAsync("create", queue.Endpoint), "1", "there is a queue of that name", "look at what is there");
    }

    [SkippableFact]
    public async Task Remove_IsGone()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        (await queue.RunAsync("remove", queue.Endpoint)).MustExit(0);

        Errors.Failure.MustBe(await queue.RunAsync("send", queue.Endpoint, "x"), "3", "there is no queue of that name; it is made with: parley create");
        Errors.Failure.MustBe(await queue.RunAsync("inspect", queue.Endpoint), "3", "there is no queue of that name", "rabbitmqctl list_queues");
        Errors.Failure.MustBe(await queue.RunAsync("remove", queue.Endpoint), "3", "there is no queue of that name", "rabbitmqctl list_queues");
    }

    [SkippableFact]
    public async Task Password_Wrong_IsRefusedAndNeverShown()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        string withPassword = queue.Endpoint.Replace("//", "//somebody:hunter3@", StringComparison.Ordinal);

        CommandResult denied = await queue.RunAsync("send", withPassword, "x", "-v");

        Errors.Failure.MustBe(denied, "6", "the broker refuses this user, or the password is wrong", "--password-file");
        Assert.DoesNotContain("hunter3", denied.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter3", (await queue.RunAsync("send", withPassword, "x", "--dry-run")).MustExit(0).Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task PasswordFile_FirstLine_IsThePassword()
    {
        using var folder = new Cli.Tests.TestFolder();
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        await File.WriteAllTextAsync(folder["password"], Broker.Password + "\n");

        (await Command.RunAsync("send", queue.Endpoint, "--user", Broker.User, "--password-file", folder["password"], "x")).MustExit(0);

        Assert.Equal("x\n", await queue.TakeAsync(1));
    }

    [SkippableFact]
    public async Task Secure_AuthorityIsAsked()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        string authority = (await SharedBroker.GetAsync()).AuthorityFile;

        (await queue.RunAsync("send", queue.Secure, "--ca", authority, "private")).MustExit(0);

        Errors.Failure.MustBe(await queue.RunAsync("send", queue.Secure, "x"), "6", "is signed by an authority that is not", "--ca FILE");
        Assert.Equal("private\n", (await queue.RunAsync("receive", queue.Secure, "--ca", authority, "--count", "1")).MustExit(0).Text);
    }

    [Fact]
    public async Task Send_NoBroker_IsNotConnected()
        => Errors.Failure.MustBe(await Command.RunAsync("send", "amqp://127.0.0.1:1?queue=x", "x"), "3", "connection refused", "no broker listens there");

    [SkippableFact]
    public async Task Send_BrokerStopped_EndsByItsDeadline()
    {
        await using Broker broker = await Broker.StartAsync();
        await using BrokerQueue queue = await BrokerQueue.CreateAsync(broker);
        broker.Freeze();
        await Eventually.TrueAsync(broker.IsFrozen, "the broker stopped");
        try
        {
            CommandResult result = await queue.RunAsync("send", queue.Endpoint, "--timeout", "1", "x");
            Assert.True(result.ExitCode is 3 or 4, result.ToString());
        }
        finally
        {
            broker.Thaw();
        }
    }
}
