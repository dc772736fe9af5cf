namespace Parley.Tests.Relays;

/// <summary>A break is carried through as a break: who is told that all ended well takes a part for the whole.</summary>
public sealed class BreakTests
{
    public static TheoryData<ChannelKind, ChannelKind> Channels => new()
    {
        { ChannelKind.Tcp4, ChannelKind.Tcp4 },
        { ChannelKind.Memory, ChannelKind.Memory },
        { ChannelKind.Memory, ChannelKind.Tcp4 },
        { ChannelKind.Tcp4, ChannelKind.Memory },
        { ChannelKind.SharedMemory, ChannelKind.SharedMemory },
        { ChannelKind.SharedMemory, ChannelKind.Tcp4 },
    };

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task JoinAsync_FirstBreaksOff_SecondSeesAReset(ChannelKind first, ChannelKind second)
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, second);

        relay.First.Abort();

        await IsResetAsync(Talk.ReadToEndAsync(relay.Second));
        RelayResult result = await relay.Relayed.Within();
        Assert.Equal(Reason.Reset, result.FirstToSecondFailure?.Reason);
        Assert.Same(result.FirstToSecondFailure, result.Failure);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task JoinAsync_SecondBreaksOff_FirstSeesAReset(ChannelKind first, ChannelKind second)
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, second);

        relay.Second.Abort();

        await IsResetAsync(Talk.ReadToEndAsync(relay.First));
        Assert.Equal(Reason.Reset, (await relay.Relayed.Within()).SecondToFirstFailure?.Reason);
    }

    /// <summary>The relay may learn of the break by the write that fails, and only then read.</summary>
    [Theory]
    [MemberData(nameof(Channels))]
    public async Task JoinAsync_SecondBreaksOffUnderLoad_FirstSeesAReset(ChannelKind first, ChannelKind second)
    {
        for (int i = 0; i < 20; i++)
        {
            await using RelaySetup relay = await RelaySetup.JoinAsync(first, second);
            Task flood = Talk.SendAsync(relay.First, new byte[Payload.TooMuch(first)]);
            await Talk.ReadExactlyAsync(relay.Second, 100_000).Within();

            relay.Second.Abort();

            await IsResetAsync(Talk.ReadToEndAsync(relay.First));
            await Record.ExceptionAsync(() => flood.Within());
        }
    }

    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    public async Task JoinAsync_FirstBreaksOffAfterSaying_SecondGetsTheWordsAndThenTheReset(ChannelKind second)
    {
        byte[] words = Payload.Random(100_000);
        await using RelaySetup relay = await RelaySetup.JoinAsync(ChannelKind.Tcp4, second);
        await Talk.SendAsync(relay.First, words).Within();
        await relay.First.WaitForDeliveryAsync().Within();
        Task<byte[]> received = Talk.ReadExactlyAsync(relay.Second, words.Length);

        relay.First.Abort();

        Assert.Equal(words, await received.Within());
        if (second == ChannelKind.Tcp4)
            await IsResetAsync(Talk.ReadToEndAsync(relay.Second));
    }

    /// <summary>Its end is one, but it reads no more: who goes on talking is told at once, and not after all of it was thrown away.</summary>
    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.SharedMemory)]
    [InlineData(ChannelKind.Memory)]
    public async Task JoinAsync_SecondEndsAndIsGone_FirstGetsItsWordsAndIsRefused(ChannelKind first)
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, ChannelKind.Tcp4);
        await Talk.SendAsync(relay.Second, "last words").Within();
        await relay.Second.CompleteWritesAsync().Within();
        Assert.Equal("last words"u8.ToArray(), await Talk.ReadToEndAsync(relay.First).Within());
        relay.Second.Abort();

        Task flood = Task.Run(async () =>
        {
            while (true)
                await Talk.SendAsync(relay.First, new byte[100_000]);
        });

        Assert.Equal(Reason.Reset, (await Assert.ThrowsAsync<ConnectionException>(() => flood.Within())).Reason);
        Assert.NotNull((await relay.Relayed.Within()).FirstToSecondFailure);
    }

    [Fact]
    public async Task JoinAsync_SecondHasStoppedListening_ItsLastWordsAreStillCarried()
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(ChannelKind.UnixPath, ChannelKind.UnixPath);
        await Talk.SendAsync(relay.Second, "last words").Within();

        relay.Second.Abort();

        Assert.Equal("last words", await Talk.ReadTextAsync(relay.First, 10).Within());
    }

    private static async Task IsResetAsync(Task<byte[]> read)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => read.Within());
        Assert.True(failure.Reason == Reason.Reset, $"{failure}");
    }
}
