using System.IO.Pipelines;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CompleteWritesAsync_OneSideFirst_TheOtherCanStillTalk(bool clientFirst)
    {
        await using Pair pair = await ConnectAsync();
        (Connection first, Connection last) = clientFirst ? (pair.Client, pair.Server) : (pair.Server, pair.Client);

        await Talk.SendAndEndAsync(first, "question"u8.ToArray()).Within();
        Assert.Equal("question", await Talk.ReadTextToEndAsync(last).Within());
        await Talk.SendAndEndAsync(last, "answer"u8.ToArray()).Within();
        Assert.Equal("answer", await Talk.ReadTextToEndAsync(first).Within());
    }

    [SkippableFact]
    public async Task CompleteWritesAsync_UnflushedBytes_GoFirst()
    {
        await using Pair pair = await ConnectAsync();

        "unflushed"u8.CopyTo(pair.Client.Output.GetSpan(9));
        pair.Client.Output.Advance(9);
        await pair.Client.CompleteWritesAsync().Within();

        Assert.Equal("unflushed", await Talk.ReadTextToEndAsync(pair.Server).Within());
    }

    [SkippableFact]
    public async Task CompleteWritesAsync_MoreThanTheSystemTakes_WaitsAndLosesNothing()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = Payload.Random(Payload.TooMuch(_kind));
        bytes.CopyTo(pair.Client.Output.GetSpan(bytes.Length));
        pair.Client.Output.Advance(bytes.Length);

        Task ended = pair.Client.CompleteWritesAsync().AsTask();
        Assert.False(ended.IsCompleted);
        byte[] received = await Talk.ReadToEndAsync(pair.Server).Within(Limits.Transfer);

        await ended.Within();
        Assert.Equal(bytes, received);
    }

    [SkippableFact]
    public async Task CompleteWritesAsync_Again_DoesNothing()
    {
        await using Pair pair = await ConnectAsync();

        await pair.Client.CompleteWritesAsync().Within();
        await pair.Client.CompleteWritesAsync().Within();

        Assert.Empty(await Talk.ReadToEndAsync(pair.Server).Within());
    }

    [SkippableFact]
    public async Task OutputComplete_WithoutReason_HalfCloses()
    {
        await using Pair pair = await ConnectAsync();

        pair.Client.Output.Complete();

        Assert.Empty(await Talk.ReadToEndAsync(pair.Server).Within());
        await Talk.SendAsync(pair.Server, "still").Within();
        Assert.Equal("still", await Talk.ReadTextAsync(pair.Client, 5).Within());
    }

    [SkippableFact]
    public async Task OutputCompleteAsync_UnflushedBytes_GoFirst()
    {
        await using Pair pair = await ConnectAsync();

        "unflushed"u8.CopyTo(pair.Client.Output.GetSpan(9));
        pair.Client.Output.Advance(9);
        await pair.Client.Output.CompleteAsync().Within();

        Assert.Equal("unflushed", await Talk.ReadTextToEndAsync(pair.Server).Within());
    }

    [SkippableFact]
    public async Task ReadAsync_AtTheEnd_IsCompletedAgainAndAgain()
    {
        await using Pair pair = await ConnectAsync();
        await pair.Client.CompleteWritesAsync().Within();

        for (int i = 0; i < 3; i++)
        {
            ReadResult result = await pair.Server.Input.ReadAsync().Within();
            Assert.True(result.IsCompleted);
            Assert.True(result.Buffer.IsEmpty);
            pair.Server.Input.AdvanceTo(result.Buffer.End);
        }
    }

    [SkippableFact]
    public async Task ReadAsync_EndBehindUnconsumedBytes_HandsOutBoth()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAndEndAsync(pair.Client, "rest"u8.ToArray()).Within();

        while (true)
        {
            ReadResult result = await pair.Server.Input.ReadAsync().Within();
            Assert.Equal(4, result.Buffer.Length);
            pair.Server.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return;
        }
    }
}
