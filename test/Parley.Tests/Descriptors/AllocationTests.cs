namespace Parley.Tests.Descriptors;

/// <summary>Where bytes flow, nothing is allocated: a conversation that goes on for ever makes no garbage.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private const int RoundTrips = 20_000;

    [Theory]
    [InlineData(ChannelKind.Tcp4, false)]
    [InlineData(ChannelKind.Tcp4, true)]
    [InlineData(ChannelKind.UnixPath, false)]
    [InlineData(ChannelKind.UnixPath, true)]
    [InlineData(ChannelKind.SharedMemory, false)]
    [InlineData(ChannelKind.SharedMemory, true)]
    public async Task EchoRoundTrips_AfterWarmUp_AllocateNothing(ChannelKind kind, bool inline)
    {
        await using Pair pair = await Pair.ConnectAsync(kind, inline);
        Task echo = Talk.EchoAsync(pair.Server);
        await Talk.PingPongAsync(pair.Client, RoundTrips, size: 64).Within(Limits.Transfer);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await Talk.PingPongAsync(pair.Client, RoundTrips, size: 64).Within(Limits.Transfer);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < 16 * RoundTrips, $"{allocated / (double)RoundTrips:0.0} bytes a round trip");
        Assert.False(echo.IsCompleted);
    }
}
