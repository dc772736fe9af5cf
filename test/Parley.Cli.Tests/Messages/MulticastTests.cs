namespace Parley.Cli.Tests.Messages;

/// <summary>One datagram to many: groups, and everybody on the network.</summary>
public sealed class MulticastTests
{
    private const string Group = "239.1.2.3";

    [SkippableFact]
    public async Task TwoReceiversOfAGroup_EachReceivesAllOfIt()
    {
        await using LoopbackNetwork network = await LoopbackNetwork.OpenAsync();
        await using ListeningCommand first = await network.ListenAsync("receive", "udp://0.0.0.0:0", "--multicast-group", Group, "--count", "1");
        await using ListeningCommand second = await network.ListenAsync("receive", first.Endpoint, "--multicast-group", Group, "--count", "1");

        (await network.RunAsync("send", $"udp://{Group}:{first.Port}", "to the group")).MustExit(0);

        Assert.Equal("to the group\n", (await first.EndAsync()).MustExit(0).Text);
        Assert.Equal("to the group\n", (await second.EndAsync()).MustExit(0).Text);
    }

    /// <summary>Only who joins a group shares its port.</summary>
    [SkippableFact]
    public async Task ReceiverWithoutAGroup_DoesNotShareThePort()
    {
        await using LoopbackNetwork network = await LoopbackNetwork.OpenAsync();
        await using ListeningCommand first = await network.ListenAsync("receive", "udp://0.0.0.0:0", "--multicast-group", Group);

        Errors.Failure.MustBe(await network.RunAsync("receive", first.Endpoint), "3", "address already in use", "ss -lup");
    }

    [SkippableFact]
    public async Task GroupAsEndpoint_IsJoinedByReceiveAndByRelay()
    {
        await using LoopbackNetwork network = await LoopbackNetwork.OpenAsync();
        await using ListeningCommand target = await network.ListenAsync("receive", "udp://127.0.0.1:0", "--count", "1");
        await using ListeningCommand receive = await network.ListenAsync("receive", $"udp://{Group}:0", "--count", "1");
        await using ListeningCommand relay = await network.ListenAsync("relay", receive.Endpoint, target.Endpoint, "--once");

        (await network.RunAsync("send", receive.Endpoint, "to the group")).MustExit(0);

        (await relay.EndAsync()).MustExit(0);
        Assert.Equal("to the group\n", (await receive.EndAsync()).MustExit(0).Text);
        Assert.Equal("to the group\n", (await target.EndAsync()).MustExit(0).Text);
    }

    [SkippableFact]
    public async Task SendToABroadcastAddress_NeedsNoOption()
    {
        await using LoopbackNetwork network = await LoopbackNetwork.OpenAsync();
        await using ListeningCommand receive = await network.ListenAsync("receive", "udp://0.0.0.0:0", "--count", "1");

        (await network.RunAsync("send", $"udp://127.255.255.255:{receive.Port}", "to everybody")).MustExit(0);

        Assert.Equal("to everybody\n", (await receive.EndAsync()).MustExit(0).Text);
    }
}
