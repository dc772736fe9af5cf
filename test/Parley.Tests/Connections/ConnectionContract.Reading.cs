using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task ReadAsync_PartlyConsumed_HandsOutTheRestAtOnce()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abcdefghij").Within();
        ReadResult first = await pair.Server.Input.ReadAtLeastAsync(10).Within();
        pair.Server.Input.AdvanceTo(first.Buffer.GetPosition(4));

        Task<ReadResult> second = pair.Server.Input.ReadAsync().AsTask();

        Assert.True(second.IsCompletedSuccessfully);
        ReadResult rest = await second;
        Assert.Equal("efghij"u8.ToArray(), rest.Buffer.ToArray());
        pair.Server.Input.AdvanceTo(rest.Buffer.End);
    }

    [SkippableFact]
    public async Task ReadAsync_ExaminedWithoutConsuming_WaitsForMore()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();
        ReadResult first = await pair.Server.Input.ReadAtLeastAsync(3).Within();
        pair.Server.Input.AdvanceTo(first.Buffer.Start, first.Buffer.End);

        Task<ReadResult> second = pair.Server.Input.ReadAsync().AsTask();
        Assert.False(second.IsCompleted);
        await Talk.SendAsync(pair.Client, "def").Within();

        ReadResult both = await second.Within();
        Assert.Equal("abcdef"u8.ToArray(), both.Buffer.ToArray());
        pair.Server.Input.AdvanceTo(both.Buffer.End);
    }

    [SkippableFact]
    public async Task ReadAsync_LongMessage_GrowsUntilItIsWhole()
    {
        await using Pair pair = await ConnectAsync();
        byte[] message = Payload.Random(300_000);
        Task sent = Talk.SendAsync(pair.Client, message);

        ReadResult result;
        while ((result = await pair.Server.Input.ReadAsync().Within()).Buffer.Length < message.Length)
        {
            Assert.False(result.IsCompleted);
            pair.Server.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        Assert.Equal(message, result.Buffer.ToArray());
        pair.Server.Input.AdvanceTo(result.Buffer.End);
        await sent.Within();
    }

    /// <summary>The buffer is moved and grown behind what is left in it.</summary>
    [SkippableFact]
    public async Task ReadAsync_OddSizedMessages_KeepTheirOrder()
    {
        const int MessageSize = 1237;
        await using Pair pair = await ConnectAsync();
        byte[] all = Payload.Random(MessageSize * 800);
        Task sent = Talk.SendAndEndAsync(pair.Client, all);

        for (int i = 0; i < 800; i++)
            Assert.Equal(all[(i * MessageSize)..((i + 1) * MessageSize)], await Talk.ReadExactlyAsync(pair.Server, MessageSize).Within());

        Assert.Empty(await Talk.ReadToEndAsync(pair.Server).Within());
        await sent.Within();
    }

    [SkippableFact]
    public async Task TryRead_BeforeAndAfterBytesCame_TellsWhetherThereAreAny()
    {
        await using Pair pair = await ConnectAsync();
        Assert.False(pair.Server.Input.TryRead(out _));

        await Talk.SendAsync(pair.Client, "abc").Within();
        ReadResult result = default;
        await Eventually.TrueAsync(() => pair.Server.Input.TryRead(out result), "something to read");

        Assert.Equal("abc"u8.ToArray(), result.Buffer.ToArray());
        pair.Server.Input.AdvanceTo(result.Buffer.End);
        Assert.False(pair.Server.Input.TryRead(out _));
    }

    [SkippableFact]
    public async Task TryRead_AtTheEnd_IsCompleted()
    {
        await using Pair pair = await ConnectAsync();
        await pair.Client.CompleteWritesAsync().Within();

        ReadResult result = default;
        await Eventually.TrueAsync(() => pair.Server.Input.TryRead(out result), "the end");

        Assert.True(result.IsCompleted);
        pair.Server.Input.AdvanceTo(result.Buffer.End);
    }

    [SkippableFact]
    public async Task CancelPendingRead_BeforeARead_CancelsTheNextOneOnly()
    {
        await using Pair pair = await ConnectAsync();

        pair.Server.Input.CancelPendingRead();

        ReadResult cancelled = await pair.Server.Input.ReadAsync().Within();
        Assert.True(cancelled.IsCanceled);
        Assert.True(cancelled.Buffer.IsEmpty);
        pair.Server.Input.AdvanceTo(cancelled.Buffer.End);
        await CanStillTalkAsync(pair);
    }

    [SkippableFact]
    public async Task CancelPendingRead_DuringARead_EndsIt()
    {
        await using Pair pair = await ConnectAsync();
        Task<ReadResult> read = pair.Server.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);

        pair.Server.Input.CancelPendingRead();

        ReadResult cancelled = await read.Within();
        Assert.True(cancelled.IsCanceled);
        pair.Server.Input.AdvanceTo(cancelled.Buffer.End);
        await CanStillTalkAsync(pair);
    }

    [SkippableFact]
    public async Task ReadAsync_TokenCancelledMeanwhile_EndsAndReadingGoesOn()
    {
        await using Pair pair = await ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            using var giveUp = new CancellationTokenSource();
            Task<ReadResult> read = pair.Server.Input.ReadAsync(giveUp.Token).AsTask();
            Assert.False(read.IsCompleted);

            await giveUp.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.Within());
            await CanStillTalkAsync(pair);
        }
    }

    [SkippableFact]
    public async Task ReadAsync_TokenCancelledBefore_TakesNothing()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Server.Input.ReadAsync(new CancellationToken(true)).Within());

        Assert.Equal("abc", await Talk.ReadTextAsync(pair.Server, 3).Within());
    }

    private static async Task CanStillTalkAsync(Pair pair)
    {
        await Talk.SendAsync(pair.Client, "on").Within();
        Assert.Equal("on", await Talk.ReadTextAsync(pair.Server, 2).Within());
    }
}
