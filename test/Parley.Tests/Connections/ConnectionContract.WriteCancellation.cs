using System.IO.Pipelines;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task WriteAsync_TokenCancelledMeanwhile_TheRestGoesWithTheNextFlush()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = Payload.Random(Payload.TooMuch(_kind));
        using var giveUp = new CancellationTokenSource();
        Task write = pair.Client.Output.WriteAsync(bytes, giveUp.Token).AsTask();
        Assert.False(write.IsCompleted);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Within());
        Assert.True(pair.Client.Output.UnflushedBytes > 0);

        await RestArrivesAsync(pair, bytes);
    }

    [SkippableFact]
    public async Task CancelPendingFlush_DuringAWrite_TheRestGoesWithTheNextFlush()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = Payload.Random(Payload.TooMuch(_kind));
        Task<FlushResult> write = pair.Client.Output.WriteAsync(bytes).AsTask();
        Assert.False(write.IsCompleted);

        pair.Client.Output.CancelPendingFlush();

        Assert.True((await write.Within()).IsCanceled);
        await RestArrivesAsync(pair, bytes);
    }

    [SkippableFact]
    public async Task CancelPendingFlush_BeforeAWrite_CancelsTheNextOneOnly()
    {
        await using Pair pair = await ConnectAsync();

        pair.Client.Output.CancelPendingFlush();

        Assert.True((await pair.Client.Output.WriteAsync("kept "u8.ToArray()).Within()).IsCanceled);
        Assert.False((await pair.Client.Output.WriteAsync("sent"u8.ToArray()).Within()).IsCanceled);
        Assert.Equal("kept sent", await Talk.ReadTextAsync(pair.Server, 9).Within());
    }

    [SkippableFact]
    public async Task CancelPendingFlush_BeforeAFlush_CancelsTheNextOneOnly()
    {
        await using Pair pair = await ConnectAsync();

        pair.Client.Output.CancelPendingFlush();

        Assert.True((await pair.Client.Output.FlushAsync().Within()).IsCanceled);
        Assert.False((await pair.Client.Output.FlushAsync().Within()).IsCanceled);
        await CanStillTalkAsync(pair);
    }

    /// <summary>As a pipe does it: who is told that nothing was done may send the same again.</summary>
    [SkippableFact]
    public async Task WriteAsync_TokenCancelledBefore_SendsAndKeepsNothing()
    {
        await using Pair pair = await ConnectAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => pair.Client.Output.WriteAsync("no"u8.ToArray(), new CancellationToken(true)).Within());
        await Talk.SendAndEndAsync(pair.Client, "yes"u8.ToArray()).Within();

        Assert.Equal("yes", await Talk.ReadTextToEndAsync(pair.Server).Within());
    }

    [SkippableFact]
    public async Task CompleteWritesAsync_TokenCancelledMeanwhile_CanBeAskedForAgain()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = PutIn(pair.Client, Payload.TooMuch(_kind));
        using var giveUp = new CancellationTokenSource();
        Task ended = pair.Client.CompleteWritesAsync(giveUp.Token).AsTask();
        Assert.False(ended.IsCompleted);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ended.Within());
        Task<byte[]> received = Talk.ReadToEndAsync(pair.Server);
        await pair.Client.CompleteWritesAsync().Within(Limits.Transfer);

        Assert.Equal(bytes, await received.Within(Limits.Transfer));
    }

    /// <summary>A cancelled flush is no reason to say "that was all" with bytes left: the peer would take a part for the whole.</summary>
    [SkippableFact]
    public async Task CompleteWritesAsync_FlushCancelledMeanwhile_NeverEndsCleanlyWithBytesLeft()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = PutIn(pair.Client, Payload.TooMuch(_kind));
        Task ended = pair.Client.CompleteWritesAsync().AsTask();
        Assert.False(ended.IsCompleted);

        pair.Client.Output.CancelPendingFlush();
        Task<byte[]> received = Talk.ReadToEndAsync(pair.Server);
        if (await Record.ExceptionAsync(() => ended.Within(Limits.Transfer)) is OperationCanceledException)
            await pair.Client.CompleteWritesAsync().Within(Limits.Transfer);

        Assert.Equal(bytes.Length, (await received.Within(Limits.Transfer)).Length);
    }

    [SkippableFact]
    public async Task DisposeAsync_FlushCancelledBefore_LosesNothing()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = PutIn(pair.Client, Payload.TooMuch(_kind));

        pair.Client.Output.CancelPendingFlush();
        Task closed = pair.Client.DisposeAsync().AsTask();
        byte[] received = await Talk.ReadToEndAsync(pair.Server).Within(Limits.Transfer);
        await pair.Server.DisposeAsync().Within();
        await closed.Within();

        Assert.Equal(bytes.Length, received.Length);
    }

    private static byte[] PutIn(Connection connection, int size)
    {
        byte[] bytes = Payload.Random(size);
        bytes.CopyTo(connection.Output.GetSpan(size));
        connection.Output.Advance(size);
        return bytes;
    }

    private static async Task RestArrivesAsync(Pair pair, byte[] bytes)
    {
        Task<byte[]> received = Talk.ReadToEndAsync(pair.Server);
        Assert.False((await pair.Client.Output.FlushAsync().Within(Limits.Transfer)).IsCanceled);
        Assert.Equal(0, pair.Client.Output.UnflushedBytes);
        await pair.Client.CompleteWritesAsync().Within();
        Assert.Equal(bytes, await received.Within(Limits.Transfer));
    }
}
