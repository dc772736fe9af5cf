namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task DisposeAsync_UnflushedBytes_AreSent()
    {
        await using Pair pair = await ConnectAsync();
        "unflushed"u8.CopyTo(pair.Client.Output.GetSpan(9));
        pair.Client.Output.Advance(9);

        Task closed = pair.Client.DisposeAsync().AsTask();

        Assert.Equal("unflushed", await Talk.ReadTextToEndAsync(pair.Server).Within());
        await pair.Server.DisposeAsync().Within();
        await closed.Within();
    }

    /// <summary>Closing with unread input makes Linux reset the connection, which destroys what is in flight.</summary>
    [SkippableFact]
    public async Task DisposeAsync_UnreadInput_LosesNoReply()
    {
        byte[] reply = Payload.Random(200_000);
        for (int i = 0; i < 10; i++)
        {
            await using Pair pair = await ConnectAsync();
            await Talk.SendAsync(pair.Client, "a request that nobody reads").Within();

            Task served = ReplyAndCloseAsync(pair.Server, reply);
            byte[] received = await Talk.ReadToEndAsync(pair.Client).Within();
            await pair.Client.DisposeAsync().Within();

            Assert.Equal(reply, received);
            await served.Within();
        }
    }

    [SkippableFact]
    public async Task DisposeAsync_Again_DoesNothing()
    {
        await using Pair pair = await ConnectAsync();
        await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), pair.Server.DisposeAsync().AsTask()).Within();

        await pair.Client.DisposeAsync().Within();
        pair.Client.Abort();
        await pair.Client.DisposeAsync().Within();
    }

    [SkippableFact]
    public async Task DisposeAsync_BothSidesAtOnce_Ends()
    {
        await using Pair pair = await ConnectAsync();
        await Task.WhenAll(Talk.SendAsync(pair.Client, "crossing"), Talk.SendAsync(pair.Server, "words")).Within();

        await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), pair.Server.DisposeAsync().AsTask()).Within();
    }

    [SkippableFact]
    public async Task DisposeAsync_AfterAbort_DoesNothing()
    {
        await using Pair pair = await ConnectAsync();
        pair.Client.Abort();

        await pair.Client.DisposeAsync().Within();
    }

    [SkippableFact]
    public async Task DisposeAsync_PeerWasAborted_LosesNothingAndSaysNothing()
    {
        await using Pair pair = await ConnectAsync();
        pair.Server.Abort();

        await pair.Client.DisposeAsync().Within();
    }

    /// <summary>Code that throws between a read and its AdvanceTo disposes in this state: that must not hide what it threw.</summary>
    [SkippableFact]
    public async Task DisposeAsync_AfterAReadWithoutAdvanceTo_IsNoMisuse()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();
        await pair.Server.Input.ReadAsync().Within();

        await Task.WhenAll(pair.Server.DisposeAsync().AsTask(), pair.Client.DisposeAsync().AsTask()).Within();
    }

    [SkippableFact]
    public async Task DisposeAsync_InputWasCompleted_IsNoMisuse()
    {
        await using Pair pair = await ConnectAsync();
        await pair.Server.Input.CompleteAsync().Within();

        await Task.WhenAll(pair.Server.DisposeAsync().AsTask(), pair.Client.DisposeAsync().AsTask()).Within();
    }

    [SkippableFact]
    public async Task DisposeAsync_WhileAReadWaits_EndsTheRead()
    {
        await using Pair pair = await ConnectAsync();
        Task read = pair.Client.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);

        Task closed = pair.Client.DisposeAsync().AsTask();

        await ThrowsAsync(Reason.Aborted, () => read);
        await pair.Server.DisposeAsync().Within();
        await closed.Within();
    }

    [SkippableFact]
    public async Task DisposeAsync_WhileAWriteWaits_EndsTheWrite()
    {
        await using Pair pair = await ConnectAsync(options => options.CloseTimeout = TimeSpan.FromMilliseconds(200));
        Task write = Talk.SendAsync(pair.Client, new byte[Payload.TooMuch(_kind)]);
        Assert.False(write.IsCompleted);

        Task closed = pair.Client.DisposeAsync().AsTask();

        await ThrowsAsync(Reason.Aborted, () => write);
        await Record.ExceptionAsync(() => closed.Within());
        Assert.True(closed.IsCompleted);
    }

    [SkippableFact]
    public async Task ReadAsync_AfterDispose_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), Talk.ReadToEndAsync(pair.Server).ContinueWith(
            _ => pair.Server.Abort(), TaskScheduler.Default)).Within();

        Exception? misuse = await Record.ExceptionAsync(() => pair.Client.Output.WriteAsync(new byte[1]).Within());

        Assert.True(misuse is InvalidOperationException or ConnectionException { Reason: Reason.Aborted }, $"{misuse}");
    }

    private static async Task ReplyAndCloseAsync(Connection connection, byte[] reply)
    {
        await Talk.SendAsync(connection, reply).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }
}
