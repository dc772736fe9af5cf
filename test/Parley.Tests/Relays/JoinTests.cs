using System.Security.Cryptography;

namespace Parley.Tests.Relays;

public sealed class JoinTests
{
    public static TheoryData<ChannelKind, ChannelKind> Channels => new()
    {
        { ChannelKind.Memory, ChannelKind.Memory },
        { ChannelKind.Tcp4, ChannelKind.Tcp4 },
        { ChannelKind.UnixPath, ChannelKind.UnixAbstract },
        { ChannelKind.Tcp4, ChannelKind.UnixPath },
        { ChannelKind.Memory, ChannelKind.Tcp4 },
        { ChannelKind.SharedMemory, ChannelKind.SharedMemory },
        { ChannelKind.Tcp4, ChannelKind.SharedMemory },
    };

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task JoinAsync_Conversation_IsCarriedBothWays(ChannelKind first, ChannelKind second)
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, second);

        for (int i = 0; i < 10; i++)
        {
            await Talk.SendAsync(relay.First, "question").Within();
            Assert.Equal("question", await Talk.ReadTextAsync(relay.Second, 8).Within());
            await Talk.SendAsync(relay.Second, "answer").Within();
            Assert.Equal("answer", await Talk.ReadTextAsync(relay.First, 6).Within());
        }
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task JoinAsync_HalfClose_IsCarriedAndTheOtherDirectionGoesOn(ChannelKind first, ChannelKind second)
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, second);

        await Talk.SendAndEndAsync(relay.First, "the question"u8.ToArray()).Within();
        Assert.Equal("the question", await Talk.ReadTextToEndAsync(relay.Second).Within());
        Assert.False(relay.Relayed.IsCompleted);
        await Talk.SendAndEndAsync(relay.Second, "an answer"u8.ToArray()).Within();
        Assert.Equal("an answer", await Talk.ReadTextToEndAsync(relay.First).Within());

        RelayResult result = await relay.Relayed.Within();
        Assert.Equal(new RelayResult(12, 9, null, null), result);
        Assert.Null(result.Failure);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task JoinAsync_BulkBothWays_ArrivesUnharmed(ChannelKind first, ChannelKind second)
    {
        byte[] forth = Payload.Random(8 * 1024 * 1024, seed: 4);
        byte[] back = Payload.Random(8 * 1024 * 1024, seed: 5);
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, second);

        Task<byte[]> atSecond = Talk.HashToEndAsync(relay.Second);
        Task<byte[]> atFirst = Talk.HashToEndAsync(relay.First);
        await Task.WhenAll(Talk.SendAndEndAsync(relay.First, forth), Talk.SendAndEndAsync(relay.Second, back)).Within(Limits.Transfer);

        Assert.Equal(SHA256.HashData(forth), await atSecond.Within(Limits.Transfer));
        Assert.Equal(SHA256.HashData(back), await atFirst.Within(Limits.Transfer));
        Assert.Equal(new RelayResult(forth.Length, back.Length, null, null), await relay.Relayed.Within());
    }

    /// <summary>The relay holds no more than one read of what a slow reader does not take.</summary>
    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.Memory)]
    [InlineData(ChannelKind.SharedMemory)]
    public async Task JoinAsync_ReaderIsSlow_SlowsTheWriter(ChannelKind kind)
    {
        byte[] bytes = Payload.Random(4 * Payload.TooMuch(kind));
        await using RelaySetup relay = await RelaySetup.JoinAsync(kind, kind);

        Task sent = Talk.SendAndEndAsync(relay.First, bytes);
        byte[] start = await Talk.ReadExactlyAsync(relay.Second, 1000).Within();
        Assert.False(sent.IsCompleted);
        byte[] rest = await Talk.ReadToEndAsync(relay.Second).Within(Limits.Transfer);

        await sent.Within();
        byte[] received = [.. start, .. rest];
        Assert.Equal(bytes, received);
    }

    [Fact]
    public async Task JoinAsync_TokenCancelled_Stops()
    {
        using var giveUp = new CancellationTokenSource();
        await using RelaySetup relay = await RelaySetup.JoinAsync(ChannelKind.Tcp4, ChannelKind.Memory, giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => relay.Relayed.Within());
    }

    [Fact]
    public async Task JoinAsync_WithoutOneSide_IsAMistake()
    {
        (Connection some, _) = Connection.CreatePair();

        await Assert.ThrowsAsync<ArgumentNullException>(() => ConnectionRelay.JoinAsync(null!, some));
        await Assert.ThrowsAsync<ArgumentNullException>(() => ConnectionRelay.JoinAsync(some, null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => ConnectionRelay.CopyAsync(null!, some));
        await Assert.ThrowsAsync<ArgumentNullException>(() => ConnectionRelay.CopyAsync(some, null!));
        some.Abort();
    }
}
