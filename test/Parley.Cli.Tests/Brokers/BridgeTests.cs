using System.Globalization;
using System.Text;
using System.Text.Json;
using Parley.Cli.Tests.Messages;
using Parley.Tests;
using Xunit.Abstractions;
using Broker = Parley.Tests.Broker;

namespace Parley.Cli.Tests.Brokers;

/// <summary><c>relay</c> between a queue of this machine and one of a broker: whatever is killed, nothing is lost.</summary>
[Collection(SharedBroker.Collection)]
public sealed class BridgeTests(ITestOutputHelper output) : IDisposable
{
    private const string KillsVariable = "PARLEY_BRIDGE_KILLS";
    private const int UsualKills = 15;

    private readonly Cli.Tests.TestFolder _folder = new();

    private string Spool => _folder["spool"];

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task QueueToBroker_DefaultSpool_IsThisUsersAlone()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        await using BrokerQueue target = await BrokerQueue.CreateAsync();
        target.Environment["XDG_STATE_HOME"] = _folder.Path;
        await source.PutAsync("one", "", "three");

        await using ChildProcess bridge = target.Start("relay", source.Endpoint, target.Endpoint, "-v");
        await target.HasWaitingAsync(3);
        bridge.Send(Signal.Terminate);

        Assert.Contains("3 messages, 8 bytes", (await bridge.EndAsync()).MustExit(0).Error, StringComparison.Ordinal);
        Assert.Equal("one\n\nthree\n", await target.TakeAsync(3));
        string file = Assert.Single(Directory.GetFiles(_folder["parley"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [SkippableFact]
    public async Task DefaultSpool_FolderOfOthers_IsRefused()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        await using BrokerQueue target = await BrokerQueue.CreateAsync();
        target.Environment["XDG_STATE_HOME"] = _folder.Path;
        Directory.CreateDirectory(_folder["parley"]);
        File.SetUnixFileMode(_folder["parley"], (UnixFileMode)0x1FF);

        Errors.Failure.MustBe(await target.RunAsync("relay", source.Endpoint, target.Endpoint), "6", "others can write there");
    }

    [SkippableFact]
    public async Task BrokerToQueue_Priorities_AreKept()
    {
        await using BrokerQueue source = await BrokerQueue.CreateAsync(null, "--priorities", "9");
        using TestQueue target = await TestQueue.CreateAsync();
        (await source.RunAsync("send", source.Endpoint, "--priority", "7", "seven")).MustExit(0);

        await using ChildProcess bridge = source.Start("relay", source.Endpoint, target.Endpoint);
        await QueueTests.EventuallyCountsAsync(target, 1);
        bridge.Send(Signal.Terminate);
        (await bridge.EndAsync()).MustExit(0);

        using var message = JsonDocument.Parse((await Command.RunAsync("receive", target.Endpoint, "--no-wait", "--json")).MustExit(0).Text);
        Assert.Equal(7, message.RootElement.GetProperty("priority").GetInt32());
        Assert.Equal("seven", message.RootElement.GetProperty("text").GetString());
    }

    [SkippableFact]
    public async Task BrokerToQueue_TargetFull_TheRestStaysWithTheBroker()
    {
        await using BrokerQueue source = await BrokerQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync(capacity: 2);
        await source.PutAsync("1", "2", "3", "4");
        await using (ChildProcess bridge = source.Start("relay", source.Endpoint, target.Endpoint))
        {
            await QueueTests.EventuallyCountsAsync(target, 2);
            bridge.Send(Signal.Terminate);
            (await bridge.EndAsync(Cli.Tests.Limits.Transfer)).MustExit(0);
        }

        Assert.Equal("1\n2\n", await target.TakeAsync());
        await source.HasWaitingAsync(2);
        string[] rest = (await source.TakeAsync(2)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["3", "4"], rest.Order());
    }

    [SkippableFact]
    public async Task TooLongForTarget_GoesToTheDeadLetterFile()
    {
        await using BrokerQueue source = await BrokerQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 5);
        await source.PutAsync("much too long", "short");
        await using ChildProcess bridge = source.Start("relay", source.Endpoint, target.Endpoint, "--dead-letter", _folder["lost"]);
        await QueueTests.EventuallyCountsAsync(target, 1);
        bridge.Send(Signal.Terminate);
        (await bridge.EndAsync()).MustExit(0);

        Assert.Equal("short\n", await target.TakeAsync());
        Assert.Contains("much too long", await File.ReadAllTextAsync(_folder["lost"]), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["lost"]));
        Assert.Equal(0, await source.CountAsync());
    }

    [SkippableFact]
    public async Task DeadLetterFile_CannotBeWritten_NothingIsTaken()
    {
        await using BrokerQueue source = await BrokerQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 5);
        await source.PutAsync("much too long");

        Errors.Failure.MustBe(await source.RunAsync("relay", source.Endpoint, target.Endpoint, "--dead-letter", _folder["none/lost"]), "1", "--dead-letter: .*none/lost");
        Assert.Equal(1, await source.CountAsync());
    }

    [SkippableFact]
    public async Task BrokerKilledAndBack_AllArrive()
    {
        await using Broker broker = await Broker.StartAsync();
        await using BrokerQueue target = await BrokerQueue.CreateAsync(broker);
        using TestQueue source = await TestQueue.CreateAsync();
        await broker.SyncAsync();
        await using ChildProcess bridge = target.Start("relay", source.Endpoint, target.Endpoint, "--spool", Spool, "-v");
        await source.PutAsync("before");
        await target.HasWaitingAsync(1);

        await broker.KillAsync();
        await source.PutAsync([.. Enumerable.Range(0, 20).Select(static number => $"{number}")]);
        await broker.StartAgainAsync();

        await target.HasWaitingAsync(21);
        string[] arrived = (await target.TakeAsync(21)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["before", .. Enumerable.Range(0, 20).Select(static number => $"{number}")], arrived);
        bridge.Send(Signal.Terminate);
        (await bridge.EndAsync()).MustExit(0);
    }

    /// <summary>Kills the bridge at random moments. What arrives more than once is marked, and has the id that it had before.</summary>
    [SkippableFact]
    public async Task QueueToBroker_BridgeKilledAgainAndAgain_NothingIsLost()
    {
        int kills = int.Parse(Environment.GetEnvironmentVariable(KillsVariable) ?? $"{UsualKills}", CultureInfo.InvariantCulture);
        using TestQueue source = await TestQueue.CreateAsync(capacity: 10);
        await using BrokerQueue target = await BrokerQueue.CreateAsync();
        using var enough = new CancellationTokenSource();
        Task<int> sending = SendAsync(source, enough.Token);

        for (int i = 0; i < kills; i++)
        {
            await using ChildProcess bridge = target.Start("relay", source.Endpoint, target.Endpoint, "--spool", Spool, "-v");
            await bridge.WaitForErrorAsync("messages kept from before");
            await Task.Delay(Random.Shared.Next(300));
            bridge.Send(Signal.Kill);
            await bridge.EndAsync();
        }

        await enough.CancelAsync();
        int sent = await sending;
        await MoveRestAsync(source, target, sent);
        (int arrived, int again, int unmarked, int recovered) = await CountAsync(target, sent);
        Assert.True(arrived == sent, $"{sent - arrived} of {sent} messages are lost after {kills} kills");
        Assert.Equal(0, unmarked);
        output.WriteLine($"{kills} kills, {sent} messages, 0 lost, {again} again, {unmarked} of them unmarked, {recovered} found by the pattern");
    }

    /// <summary>Kills the bridge out of a broker at random moments. What arrives more than once cannot be marked: such a queue has no properties.</summary>
    [SkippableFact]
    public async Task BrokerToQueue_BridgeKilledAgainAndAgain_NothingIsLost()
    {
        const int Messages = 3000;
        int kills = int.Parse(Environment.GetEnvironmentVariable(KillsVariable) ?? "5", CultureInfo.InvariantCulture);
        await using BrokerQueue source = await BrokerQueue.CreateAsync(null, "--delivery-limit", $"{kills + 20}");
        using TestQueue target = await TestQueue.CreateAsync(capacity: 10);
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, Messages).Select(static number => $"{number}\n")));
        (await Command.RunAsync(source.Launch("send", source.Endpoint) with { Input = lines })).MustExit(0);
        var seen = new HashSet<int>();
        using var limit = new CancellationTokenSource(Cli.Tests.Limits.Transfer + TimeSpan.FromSeconds(5 * kills));
        Task<int> reading = ReadAsync(target, seen, Messages, limit.Token);

        int killed = 0;
        while (!reading.IsCompleted)
        {
            await using ChildProcess bridge = source.Start("relay", source.Endpoint, target.Endpoint, "-v");
            if (killed == kills)
            {
                await reading;
                bridge.Send(Signal.Terminate);
                (await bridge.EndAsync()).MustExit(0);
                break;
            }

            int before = CountOf(seen);
            while (CountOf(seen) < Math.Min(Messages, before + 1))
                await Task.Delay(5, limit.Token);
            await Task.Delay(Random.Shared.Next(20));
            bridge.Send(Signal.Kill);
            await bridge.EndAsync();
            killed++;
        }

        int again = await reading;
        Assert.Equal(Enumerable.Range(0, Messages), seen.Order());
        output.WriteLine($"{killed} kills, {Messages} messages, 0 lost, {again} again");
    }

    private static int CountOf(HashSet<int> seen)
    {
        lock (seen)
            return seen.Count;
    }

    private static async Task<int> ReadAsync(TestQueue queue, HashSet<int> seen, int messages, CancellationToken cancellationToken)
    {
        await using MessageChannel channel = await MessageChannel.OpenAsync(new MessageQueueEndPoint(queue.Name), options: null, cancellationToken);
        byte[] buffer = new byte[channel.MaxMessageSize];
        int again = 0;
        while (CountOf(seen) < messages)
        {
            ReceivedMessage received = await channel.ReceiveAsync(buffer, cancellationToken);
            int number = int.Parse(Encoding.UTF8.GetString(buffer, 0, received.Length), CultureInfo.InvariantCulture);
            lock (seen)
                again += seen.Add(number) ? 0 : 1;
        }

        return again;
    }

    // Until neither the queue nor the spool has any.
    private async Task MoveRestAsync(TestQueue source, BrokerQueue target, int sent)
    {
        using var limit = new CancellationTokenSource(Cli.Tests.Limits.Transfer);
        CommandResult ended;
        do
        {
            await using ChildProcess last = target.Start("relay", source.Endpoint, target.Endpoint, "--spool", Spool, "-v");
            await last.WaitForErrorAsync("messages kept from before");
            await QueueTests.EventuallyCountsAsync(source, 0);
            while (await target.CountAsync() < sent)
                limit.Token.ThrowIfCancellationRequested();
            last.Send(Signal.Terminate);
            ended = (await last.EndAsync(Cli.Tests.Limits.Transfer)).MustExit(0);
        }
        while (ended.Error.Contains("sent first the next time", StringComparison.Ordinal));
    }

    // Thousands a second; as fast as the queue takes them would be millions in an hour of kills.
    private static async Task<int> SendAsync(TestQueue queue, CancellationToken cancellationToken)
    {
        await using MessageChannel channel = await MessageChannel.OpenAsync(new MessageQueueEndPoint(queue.Name), options: null, CancellationToken.None);
        for (int number = 0; ; number++)
        {
            try
            {
                if (number % 10 == 0)
                    await Task.Delay(1, cancellationToken);
                await channel.SendAsync(Encoding.UTF8.GetBytes($"message {number}"), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return number;
            }
        }
    }

    private static async Task<(int Arrived, int Again, int Unmarked, int Recovered)> CountAsync(BrokerQueue queue, int sent)
    {
        var seen = new HashSet<int>();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        (int again, int unmarked, int recovered) = (0, 0, 0);
        int left = await queue.CountAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        byte[] buffer = new byte[1000];
        for (; left > 0; left--)
        {
            ReceivedMessage received = await Parley.Tests.Limits.Within(channel.ReceiveAsync(buffer));
            await received.Delivery!.AcknowledgeAsync();
            string[] words = Encoding.UTF8.GetString(buffer, 0, received.Length).Split(' ');
            Assert.Equal("message", words[0]);
            if (Has(received, MessageSpool.RecoveredProperty))
                recovered++;
            int number = int.Parse(words[1], CultureInfo.InvariantCulture);
            string id = received.Header.Properties![MessageHeader.MessageIdProperty];
            bool isFirst = seen.Add(number);
            Assert.True(ids.TryAdd(id, number) == isFirst && ids[id] == number, $"message {number} came with the id {id}, and had another before, or another has it");
            if (isFirst)
                continue;
            again++;
            if (!Has(received, MessageHeader.ResentProperty))
                unmarked++;
        }

        Assert.All(seen, number => Assert.InRange(number, 0, sent - 1));
        return (seen.Count, again, unmarked, recovered);
    }

    private static bool Has(ReceivedMessage message, string property) => message.Header.Properties?.ContainsKey(property) == true;
}
