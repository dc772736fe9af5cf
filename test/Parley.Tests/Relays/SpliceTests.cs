using System.Security.Cryptography;

namespace Parley.Tests.Relays;

/// <summary>What is relayed between sockets is moved by the kernel; that it is the same bytes is what the relay's other tests say too.</summary>
public sealed class SpliceTests
{
    private const int Size = 64 * 1024 * 1024;

    public static TheoryData<ChannelKind, ChannelKind> Sockets => new()
    {
        { ChannelKind.Tcp4, ChannelKind.Tcp4 },
        { ChannelKind.Tcp4, ChannelKind.UnixPath },
        { ChannelKind.UnixPath, ChannelKind.Tcp4 },
        { ChannelKind.UnixAbstract, ChannelKind.UnixPath },
    };

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task JoinAsync_AStreamBothWays_IsNotCopied(ChannelKind first, ChannelKind second)
    {
        var observer = new RecordingObserver();
        await using RelaySetup relay = await RelaySetup.JoinAsync(first, second, configureRelay: options => options.CallObserver = observer);
        byte[] forth = Payload.Random(Size, seed: 2);
        byte[] back = Payload.Random(Size, seed: 3);

        Task<byte[]> heardBySecond = Talk.HashToEndAsync(relay.Second);
        Task<byte[]> heardByFirst = Talk.HashToEndAsync(relay.First);
        await Task.WhenAll(Talk.SendAndEndAsync(relay.First, forth), Talk.SendAndEndAsync(relay.Second, back)).Within(Limits.Transfer);

        Assert.Equal(SHA256.HashData(forth), await heardBySecond.Within(Limits.Transfer));
        Assert.Equal(SHA256.HashData(back), await heardByFirst.Within(Limits.Transfer));
        RelayResult result = await relay.Relayed.Within();
        Assert.Equal((Size, Size), (result.FirstToSecond, result.SecondToFirst));
        Assert.InRange(Bytes(observer, "read"), 0, 2 * Size / 10);
        Assert.InRange(Bytes(observer, "splice"), 2 * 2L * Size * 9 / 10, 2 * 2L * Size);
    }

    [Fact]
    public async Task JoinAsync_SmallTalkAfterAStream_IsCopiedAgainAndHeardAtOnce()
    {
        var observer = new RecordingObserver();
        await using RelaySetup relay = await RelaySetup.JoinAsync(
            ChannelKind.Tcp4, ChannelKind.Tcp4, configureRelay: options => options.CallObserver = observer);
        byte[] stream = Payload.Random(Size / 4);

        for (int round = 0; round < 3; round++)
        {
            Task<byte[]> streamed = Talk.ReadExactlyInPiecesAsync(relay.Second, stream.Length);
            await Talk.SendAsync(relay.First, stream).Within(Limits.Transfer);
            Assert.Equal(stream, await streamed.Within(Limits.Transfer));

            for (int message = 0; message < 40; message++)
            {
                await Talk.SendAsync(relay.First, $"message {message:00}").Within();
                Assert.Equal($"message {message:00}", await Talk.ReadTextAsync(relay.Second, 10).Within());
            }
        }

        Assert.Equal("read", observer.Names.Last(name => name is "read" or "splice"));
        Assert.Contains("splice", observer.Names);
    }

    [Fact]
    public async Task JoinAsync_TargetReadsNothing_SourceFeelsIt()
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(ChannelKind.Tcp4, ChannelKind.Tcp4);

        // Both conversations' buffers and the pipe between them, twice: more than that nobody keeps.
        Task stuck = Talk.SendAsync(relay.First, new byte[3 * Payload.TooMuch(ChannelKind.Tcp4)]);
        await Eventually.StandsStillAsync(() => relay.First.Statistics.BytesSent, "the sender waits");

        Assert.False(stuck.IsCompleted);
        Task<byte[]> received = Talk.ReadExactlyInPiecesAsync(relay.Second, 3 * Payload.TooMuch(ChannelKind.Tcp4));
        await stuck.Within(Limits.Transfer);
        await received.Within(Limits.Transfer);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task JoinAsync_BreakInTheMiddleOfAStream_IsCarriedThrough(bool sourceBreaks)
    {
        await using RelaySetup relay = await RelaySetup.JoinAsync(ChannelKind.Tcp4, ChannelKind.Tcp4);
        Task sending = Talk.SendAsync(relay.First, new byte[8 * Payload.TooMuch(ChannelKind.Tcp4)]);
        await Talk.ReadExactlyInPiecesAsync(relay.Second, Size / 4).Within(Limits.Transfer);

        (sourceBreaks ? relay.First : relay.Second).Abort();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            sourceBreaks ? () => Talk.HashToEndAsync(relay.Second).Within(Limits.Transfer) : () => sending.Within(Limits.Transfer));
        Assert.Equal(Reason.Reset, failure.Reason);
        await Record.ExceptionAsync(() => sending.Within());
        Assert.NotNull((await relay.Relayed.Within()).FirstToSecondFailure);
    }

    /// <summary>The kernel forgets the error where a splice that meets the reset has moved something.</summary>
    [Fact]
    public async Task JoinAsync_TargetBreaksDuringASplice_IsNoEndForTheSource()
    {
        byte[] stream = new byte[2 * Payload.TooMuch(ChannelKind.Tcp4)];
        for (int round = 0; round < 60; round++)
        {
            await using RelaySetup relay = await RelaySetup.JoinAsync(ChannelKind.Tcp4, ChannelKind.Tcp4);
            Task sending = Talk.SendAsync(relay.First, stream);
            await Talk.ReadExactlyInPiecesAsync(relay.Second, Size / 64 * (1 + (round % 8))).Within(Limits.Transfer);

            relay.Second.Abort();

            Task<byte[]> heard = Talk.HashToEndAsync(relay.First);
            Assert.Equal(Reason.Reset, (await Assert.ThrowsAsync<ConnectionException>(() => heard.Within())).Reason);
            await Record.ExceptionAsync(() => sending.Within());
            Assert.NotNull((await relay.Relayed.Within()).SecondToFirstFailure);
        }
    }

    private static long Bytes(RecordingObserver observer, string call)
        => observer.Calls.Where(made => made.Name == call && made.Result > 0).Sum(made => made.Result);
}
