using System.IO.Pipelines;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task FlushAsync_AfterAdvance_SendsWhatWasPutIn()
    {
        await using Pair pair = await ConnectAsync();
        PipeWriter output = pair.Client.Output;

        "one "u8.CopyTo(output.GetSpan(4));
        output.Advance(4);
        "two"u8.ToArray().CopyTo(output.GetMemory(3));
        output.Advance(3);
        Assert.True(output.CanGetUnflushedBytes);
        Assert.Equal(7, output.UnflushedBytes);
        FlushResult flushed = await output.FlushAsync().Within();

        Assert.False(flushed.IsCanceled);
        Assert.False(flushed.IsCompleted);
        Assert.Equal(0, output.UnflushedBytes);
        Assert.Equal("one two", await Talk.ReadTextAsync(pair.Server, 7).Within());
    }

    [SkippableFact]
    public async Task WriteAsync_BehindUnflushedBytes_KeepsTheOrder()
    {
        await using Pair pair = await ConnectAsync();

        "one "u8.CopyTo(pair.Client.Output.GetSpan(4));
        pair.Client.Output.Advance(4);
        await Talk.SendAsync(pair.Client, "two").Within();

        Assert.Equal("one two", await Talk.ReadTextAsync(pair.Server, 7).Within());
    }

    [SkippableFact]
    public async Task GetMemory_SizeHint_IsMet()
    {
        await using Pair pair = await ConnectAsync();

        Assert.True(pair.Client.Output.GetMemory(100_000).Length >= 100_000);
        Assert.True(pair.Client.Output.GetSpan().Length > 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Client.Output.GetMemory(-1));
    }

    [SkippableFact]
    public async Task GetMemory_AgainAndLarger_KeepsWhatWasPutIn()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = Payload.Random(60_000);

        for (int at = 0; at < bytes.Length; at += 1000)
        {
            bytes.AsSpan(at, 1000).CopyTo(pair.Client.Output.GetSpan(1000));
            pair.Client.Output.Advance(1000);
        }

        await pair.Client.Output.FlushAsync().Within();
        Assert.Equal(bytes, await Talk.ReadExactlyAsync(pair.Server, bytes.Length).Within());
    }

    [SkippableFact]
    public async Task Advance_BeyondTheMemory_Throws()
    {
        await using Pair pair = await ConnectAsync();
        int room = pair.Client.Output.GetMemory(10).Length;

        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Client.Output.Advance(room + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Client.Output.Advance(-1));
    }

    [SkippableFact]
    public async Task WriteAsync_Nothing_SendsNothing()
    {
        await using Pair pair = await ConnectAsync();

        await Talk.SendAsync(pair.Client, ReadOnlyMemory<byte>.Empty).Within();
        await pair.Client.Output.FlushAsync().Within();

        Assert.Equal(0, pair.Client.Statistics.BytesSent);
        Assert.False(pair.Server.Input.TryRead(out _));
    }

    [SkippableFact]
    public async Task WriteAsync_PeerDoesNotRead_WaitsAndGoesOn()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = Payload.Random(Payload.TooMuch(_kind));

        Task<FlushResult> write = pair.Client.Output.WriteAsync(bytes).AsTask();
        Assert.False(write.IsCompleted);
        byte[] first = await Talk.ReadExactlyAsync(pair.Server, 1).Within();
        Assert.False(write.IsCompleted);
        Task<byte[]> rest = Talk.ReadExactlyAsync(pair.Server, bytes.Length - 1);

        Assert.False((await write.Within(Limits.Transfer)).IsCanceled);
        byte[] received = [.. first, .. await rest.Within(Limits.Transfer)];
        Assert.Equal(bytes, received);
    }

    /// <summary>A slow reader slows only its own writer.</summary>
    [SkippableFact]
    public async Task WriteAsync_PeerDoesNotRead_TheOtherDirectionGoesOn()
    {
        await using Pair pair = await ConnectAsync();
        Task stuck = Talk.SendAsync(pair.Client, new byte[Payload.TooMuch(_kind)]);

        for (int i = 0; i < 10; i++)
        {
            await Talk.SendAsync(pair.Server, "back").Within();
            Assert.Equal("back", await Talk.ReadTextAsync(pair.Client, 4).Within());
        }

        Assert.False(stuck.IsCompleted);
        pair.Client.Abort();
        await ThrowsAsync(Reason.Aborted, () => stuck);
    }

    [SkippableFact]
    public async Task WriteAsync_AfterCompleteWrites_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await pair.Client.CompleteWritesAsync().Within();

        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Client.Output.WriteAsync(new byte[1]).Within());
        Assert.Throws<InvalidOperationException>(() => pair.Client.Output.GetMemory());
        Assert.Throws<InvalidOperationException>(() => pair.Client.Output.GetSpan(1));
    }
}
