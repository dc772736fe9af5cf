using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Parley.Cli.Tests.Messages;
using Parley.Tests;
using Broker = Parley.Tests.Broker;

namespace Parley.Cli.Tests.Brokers;

/// <summary><c>relay</c> between a queue of a broker and what is neither a queue of this machine nor of a broker; and the spool's options.</summary>
[Collection(SharedBroker.Collection)]
public sealed class BridgeEndpointTests : IDisposable
{
    private readonly Cli.Tests.TestFolder _folder = new();

    private string Socket => $"unix:{_folder["s"]}";

    private string Spool => _folder["spool"];

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task BrokerToStream_TargetKilled_NothingIsLost()
    {
        await using BrokerQueue source = await BrokerQueue.CreateAsync();
        await using ListeningCommand first = await Command.ListenAsync("receive", Socket, "--frame", "len32");
        await using ChildProcess relay = source.Start("relay", source.Endpoint, Socket, "--frame", "len32", "-v");
        await source.PutAsync("one");
        await first.Process.WaitForOutputAsync("one\n".Length);
        await source.HasWaitingAsync(0);

        await first.StopAsync(Signal.Kill);
        await source.PutAsync("two", "three");
        await relay.WaitForErrorAsync("trying again");
        await using ListeningCommand second = await Command.ListenAsync("receive", Socket, "--frame", "len32", "--count", "2");

        Assert.Equal("two\nthree\n", (await second.EndAsync()).MustExit(0).Text);
        relay.Send(Signal.Terminate);
        (await relay.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task BrokerToStream_TargetGoneForGood_TheRestIsWithTheBrokerInOrder()
    {
        await using BrokerQueue source = await BrokerQueue.CreateAsync();
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(static number => $"{number}\n")));
        (await Command.RunAsync(source.Launch("send", source.Endpoint) with { Input = lines })).MustExit(0);
        await using ListeningCommand target = await Command.ListenAsync("receive", Socket, "--frame", "len32", "--count", "3");

        CommandResult gaveUp = await source.RunAsync("relay", source.Endpoint, Socket, "--frame", "len32", "--retry", "1");

        gaveUp.MustExit(3);
        Assert.Equal("0\n1\n2\n", (await target.EndAsync()).MustExit(0).Text);
        string[] left = (await source.RunAsync("receive", source.Endpoint, "--no-wait")).MustExit(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int first = int.Parse(left[0], CultureInfo.InvariantCulture);
        Assert.Equal(Enumerable.Range(first, 1000 - first).Select(static number => $"{number}"), left);
    }

    [SkippableFact]
    public async Task ClientsToBroker_EveryClientsMessagesArrive()
    {
        await using BrokerQueue target = await BrokerQueue.CreateAsync();
        await using ListeningCommand relay = await Command.ListenAsync(target.Launch("relay", Socket, target.Endpoint, "--frame", "line"));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async number =>
            (await Command.RunAsync("send", Socket, "--frame", "line", $"{number}")).MustExit(0)));

        await target.HasWaitingAsync(3);
        (await relay.StopAsync()).MustExit(0);

        Assert.Equal(["0", "1", "2"], (await target.TakeAsync(3)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task DatagramsToBroker_AndBack()
    {
        await using BrokerQueue queue = await BrokerQueue.CreateAsync();
        await using (ListeningCommand relay = await Command.ListenAsync(queue.Launch("relay", "udp://127.0.0.1:0", queue.Endpoint)))
        {
            (await Command.RunAsync("send", relay.Endpoint, "one", "", "line\nfeed")).MustExit(0);
            await queue.HasWaitingAsync(3);
            (await relay.StopAsync()).MustExit(0);
        }

        await using ListeningCommand receive = await Command.ListenAsync("receive", "udp://127.0.0.1:0", "--count", "3", "--output", "nul");
        await using ChildProcess back = queue.Start("relay", queue.Endpoint, receive.Endpoint);
        Assert.Equal("one\0\0line\nfeed\0", (await receive.EndAsync()).MustExit(0).Text);
        back.Send(Signal.Terminate);
        (await back.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task SpoolSize_BrokerIsAway_WhatHasNoRoomWaitsInTheQueue()
    {
        await using Broker broker = await Broker.StartAsync();
        await using BrokerQueue target = await BrokerQueue.UnmadeAsync(broker);
        (await target.RunAsync("create", target.Endpoint)).MustExit(0);
        using TestQueue source = await TestQueue.CreateAsync(messageSize: 256);

        // Its first page, and two messages with what is noted of each.
        await using ChildProcess bridge = target.Start("relay", source.Endpoint, target.Endpoint, "--spool", Spool, "--spool-size", $"{4096 + (2 * (64 + 256))}", "-v");
        await bridge.WaitForErrorAsync("0 of 2 messages kept from before");
        await source.PutAsync("before");
        await target.HasWaitingAsync(1);
        await broker.KillAsync();

        await source.PutAsync("1", "2", "3", "4", "5");
        await QueueTests.EventuallyCountsAsync(source, 3);
        bridge.Send(Signal.Terminate);

        Assert.Contains("2 messages wait here", (await bridge.EndAsync(Cli.Tests.Limits.Transfer)).Error, StringComparison.Ordinal);
        Assert.Equal("3\n4\n5\n", await source.TakeAsync());
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fsync_EachMessageIsOnTheDiskFirst_AndElseNone(bool fsync)
    {
        string strace = Programs.Require("strace");
        using TestQueue source = await TestQueue.CreateAsync();
        await using BrokerQueue target = await BrokerQueue.CreateAsync();
        await source.PutAsync("one", "two");
        string[] relay = ["relay", source.Endpoint, target.Endpoint, "--spool", Spool, "--once", .. fsync ? ["--fsync"] : Array.Empty<string>()];
        (await target.RunAsync(relay)).MustExit(0);

        string user = $"PARLEY_AMQP_USER={Broker.User} PARLEY_AMQP_PASSWORD={Broker.Password}";
        await using ChildProcess traced = Command.StartScript($"{user} {strace} -f -o {Command.Quote(_folder["calls"])} -e trace=fdatasync,fsync,msync {Command.Shell(relay)}");
        (await traced.EndAsync(Cli.Tests.Limits.Transfer)).MustExit(0);

        int calls = Regex.Count(await File.ReadAllTextAsync(_folder["calls"]), @"f(data)?sync\(.*\) += 0");
        Assert.Equal(fsync ? 1 : 0, calls);
        await target.HasWaitingAsync(2);
    }
}
