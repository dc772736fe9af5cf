namespace Parley.Tests.Relays;

public sealed class CopyTests
{
    [Theory]
    [InlineData(ChannelKind.Memory)]
    [InlineData(ChannelKind.SharedMemory)]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    public async Task CopyAsync_SourceEnds_HalfClosesTheTarget(ChannelKind kind)
    {
        byte[] bytes = Payload.Random(500_000);
        await using Pair source = await Pair.ConnectAsync(kind);
        await using Pair target = await Pair.ConnectAsync(kind);

        Task<long> copied = ConnectionRelay.CopyAsync(source.Server, target.Client);
        Task<byte[]> received = Talk.ReadToEndAsync(target.Server);
        await Talk.SendAndEndAsync(source.Client, bytes).Within();

        Assert.Equal(bytes.Length, await copied.Within());
        Assert.Equal(bytes, await received.Within());
        await Talk.SendAsync(target.Server, "back").Within();
        Assert.Equal("back", await Talk.ReadTextAsync(target.Client, 4).Within());
    }

    [Theory]
    [InlineData(ChannelKind.Memory)]
    [InlineData(ChannelKind.SharedMemory)]
    [InlineData(ChannelKind.Tcp4)]
    public async Task CopyAsync_SourceBreaksOff_ThrowsAndBreaksTheTarget(ChannelKind kind)
    {
        await using Pair source = await Pair.ConnectAsync(kind);
        await using Pair target = await Pair.ConnectAsync(kind);
        Task<long> copied = ConnectionRelay.CopyAsync(source.Server, target.Client);

        source.Client.Abort();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => copied.Within());
        Assert.Equal(Reason.Reset, failure.Reason);
        failure = await Assert.ThrowsAsync<ConnectionException>(() => Talk.ReadToEndAsync(target.Server).Within());
        Assert.Equal(Reason.Reset, failure.Reason);
    }

    [Theory]
    [InlineData(ChannelKind.Memory)]
    [InlineData(ChannelKind.SharedMemory)]
    [InlineData(ChannelKind.Tcp4)]
    public async Task CopyAsync_TargetBreaksOff_Throws(ChannelKind kind)
    {
        await using Pair source = await Pair.ConnectAsync(kind);
        await using Pair target = await Pair.ConnectAsync(kind);
        Task<long> copied = ConnectionRelay.CopyAsync(source.Server, target.Client);
        Task flood = Talk.SendAsync(source.Client, new byte[Payload.TooMuch(kind)]);

        target.Server.Abort();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => copied.Within());
        Assert.Equal((Step.Write, Reason.Reset), (failure.Step, failure.Reason));
        source.Server.Abort();
        await Record.ExceptionAsync(() => flood.Within());
    }

    [Fact]
    public async Task CopyAsync_TokenCancelled_Throws()
    {
        await using Pair source = await Pair.ConnectAsync(ChannelKind.Tcp4);
        await using Pair target = await Pair.ConnectAsync(ChannelKind.Tcp4);
        using var giveUp = new CancellationTokenSource();
        Task<long> copied = ConnectionRelay.CopyAsync(source.Server, target.Client, giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copied.Within());
    }
}
