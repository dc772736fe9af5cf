using Parley.Tests.Messaging.Framing;

namespace Parley.Tests.Spooling;

/// <summary>A spool for a stream: a frame over the limit of its channel fits no slot, however large.</summary>
public sealed class SpoolFramingTests : IDisposable
{
    private const int Max = 70_000;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Nul)]
    [InlineData(MessageFraming.Len32)]
    public async Task ReceiveAsync_FrameOverTheLimit_IsToldThoughAMessageIsNotAcknowledged(MessageFraming framing)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(framing, Max);
        await using MessageSpool spool = Open(raw.Channel);
        byte[] longer = RawFrames.Frame(framing, [.. Enumerable.Repeat((byte)7, Max + 1)]);
        await raw.SendAsync([.. RawFrames.Frame(framing, 1, 2), .. longer]);
        Assert.Equal(2, (await NextAsync(spool)).Length);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => NextAsync(spool));

        Assert.Equal((Step.Receive, Reason.TooLarge), (failure.Step, failure.Reason));
        Assert.Contains("the next frame in the stream", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"the limit of {Max}", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("spool", failure.Message, StringComparison.Ordinal);
        Assert.Equal(framing == MessageFraming.Len32 ? Max + 1L : 0L, failure.MessageLength);
        Assert.Equal(failure.Message, (await Assert.ThrowsAsync<ConnectionException>(() => spool.FillAsync().Within())).Message);
        Assert.Equal(1, spool.Unacknowledged);
    }

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Len32)]
    public async Task MoveAsync_FrameOverTheLimit_MovesWhatCameBeforeIt(MessageFraming framing)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(framing, Max);
        await using MessageSpool spool = Open(raw.Channel);
        (MessageChannel target, MessageChannel receiver) = MessageChannel.CreatePair(maxMessageSize: Max);
        await raw.SendAsync([.. RawFrames.Frame(framing, 1), .. RawFrames.Frame(framing, 2), .. RawFrames.Frame(framing, [.. Enumerable.Repeat((byte)7, Max + 1)])]);
        var relay = new MessageRelay(spool);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => relay.MoveAsync(target).Within());

        Assert.Contains("the next frame in the stream", failure.Message, StringComparison.Ordinal);
        Assert.Equal((false, 2, 0), (relay.HasTargetFailed, relay.MessagesMoved, spool.Unacknowledged));
        await target.DisposeAsync();
        await receiver.DisposeAsync();
    }

    private MessageSpool Open(MessageChannel source) => MessageSpool.Open(source, new MessageSpoolOptions { Path = _folder["spool"], Capacity = 1 << 20 });

    private static Task<ReceivedMessage> NextAsync(MessageSpool spool) => spool.ReceiveAsync(new byte[Max]).Within();
}
