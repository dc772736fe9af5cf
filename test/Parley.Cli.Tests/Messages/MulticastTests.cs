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
}
