namespace Parley.Tests.Listeners;

public abstract partial class ListenerContract
{
    [SkippableFact]
    public async Task AcceptAsync_MaxConnectionsOpen_WaitsUntilOneIsOver()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 2);
        await bound.ConnectAsync();
        await bound.ConnectAsync();
        await bound.ConnectAsync();
        Connection first = await bound.AcceptAsync();
        await bound.AcceptAsync();

        Task<Connection> third = bound.AcceptAsync();
        Assert.False(third.IsCompleted);
        first.Abort();

        await third.Within();
    }

    [SkippableFact]
    public async Task AcceptAsync_MaxConnectionsAndDispose_MakesRoomAgainAndAgain()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 1);
        for (int i = 0; i < 5; i++)
        {
            Connection client = await bound.ConnectAsync();
            Connection server = await bound.AcceptAsync();
            await Task.WhenAll(client.DisposeAsync().AsTask(), server.DisposeAsync().AsTask()).Within();
        }
    }

    /// <summary>A cancelled wait is nobody's connection: it takes no room.</summary>
    [SkippableFact]
    public async Task AcceptAsync_CancelledWithMaxConnections_LeavesTheRoomFree()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 1);
        using var giveUp = new CancellationTokenSource();
        Task accept = bound.Listener.AcceptAsync(giveUp.Token).AsTask();
        Assert.False(accept.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept.Within());

        await bound.ConnectAsync();

        await bound.AcceptAsync();
    }

    [SkippableFact]
    public async Task AcceptAsync_CancelledAtMaxConnections_Ends()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 1);
        await bound.ConnectAsync();
        Connection first = await bound.AcceptAsync();
        using var giveUp = new CancellationTokenSource();
        Task accept = bound.Listener.AcceptAsync(giveUp.Token).AsTask();
        Assert.False(accept.IsCompleted);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept.Within());

        first.Abort();
        await bound.ConnectAsync();
        await bound.AcceptAsync();
    }

    /// <summary>Nobody waits in the backlog: there is nothing to wait for, whether or not there is room.</summary>
    [SkippableFact]
    public async Task AcceptAsync_StopAtMaxConnections_ReturnsNull()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 1);
        await bound.ConnectAsync();
        await bound.AcceptAsync();
        Task<Connection?> accept = bound.Listener.AcceptAsync().AsTask();
        Assert.False(accept.IsCompleted);

        await bound.Listener.StopAsync().Within();

        Assert.Null(await accept.Within());
    }

    [SkippableFact]
    public async Task AcceptAsync_DisposeAtMaxConnections_ReturnsNull()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 1);
        await bound.ConnectAsync();
        await bound.AcceptAsync();
        Task<Connection?> accept = bound.Listener.AcceptAsync().AsTask();
        Assert.False(accept.IsCompleted);

        await bound.Listener.DisposeAsync().Within();

        Assert.Null(await accept.Within());
    }

    [SkippableFact]
    public async Task AcceptAsync_ClientHasGoneAtMaxConnections_MakesRoomAgain()
    {
        await using Bound bound = await BindAsync(options => options.MaxConnections = 1);
        for (int i = 0; i < 3; i++)
        {
            Connection gone = await bound.ConnectAsync();
            gone.Abort();
            Connection client = await bound.ConnectAsync();
            await Talk.SendAsync(client, "here").Within();

            Connection server = await bound.AcceptWhoSaysAsync("here");
            client.Abort();
            await server.DisposeAsync().Within();
        }
    }
}
