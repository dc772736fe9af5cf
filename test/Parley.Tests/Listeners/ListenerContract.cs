namespace Parley.Tests.Listeners;

/// <summary>What every listener promises, whatever it listens on.</summary>
public abstract partial class ListenerContract
{
    private readonly ChannelKind _kind;

    private protected ListenerContract(ChannelKind kind) => _kind = kind;

    [SkippableFact]
    public async Task AcceptAsync_ClientsOneAfterTheOther_GetsEachInTurn()
    {
        await using Bound bound = await BindAsync();
        for (int i = 0; i < 5; i++)
        {
            Connection client = await bound.ConnectAsync();
            Connection server = await bound.AcceptAsync();

            await Talk.SendAsync(client, $"{i}").Within();
            Assert.Equal($"{i}", await Talk.ReadTextAsync(server, 1).Within());
        }
    }

    [SkippableFact]
    public async Task AcceptAsync_ClientComesLater_WaitsForIt()
    {
        await using Bound bound = await BindAsync();
        Task<Connection> accept = bound.AcceptAsync();
        Assert.False(accept.IsCompleted);

        await bound.ConnectAsync();

        await accept.Within();
    }

    [SkippableFact]
    public async Task AcceptAsync_StopAfterCall_ReturnsNull()
    {
        await using Bound bound = await BindAsync();
        Task<Connection?> accept = bound.Listener.AcceptAsync().AsTask();
        Assert.False(accept.IsCompleted);

        await bound.Listener.StopAsync().Within();

        Assert.Null(await accept.Within());
        Assert.Null(await bound.Listener.AcceptAsync().Within());
    }

    [SkippableFact]
    public async Task AcceptAsync_DisposeAfterCall_ReturnsNull()
    {
        await using Bound bound = await BindAsync();
        Task<Connection?> accept = bound.Listener.AcceptAsync().AsTask();
        Assert.False(accept.IsCompleted);

        await bound.Listener.DisposeAsync().Within();

        Assert.Null(await accept.Within());
        Assert.Null(await bound.Listener.AcceptAsync().Within());
    }

    [SkippableFact]
    public async Task AcceptAsync_AfterStop_HandsOutThoseConnectedAndThenNull()
    {
        await using Bound bound = await BindAsync();
        Connection[] clients = [await bound.ConnectAsync(), await bound.ConnectAsync(), await bound.ConnectAsync()];

        await bound.Listener.StopAsync().Within();

        // In any order: where there is a handshake, whoever is ready first is first.
        for (int i = 0; i < clients.Length; i++)
            await Talk.SendAsync(await bound.AcceptAsync(), "served").Within();
        foreach (Connection client in clients)
            Assert.Equal("served", await Talk.ReadTextAsync(client, 6).Within());

        Assert.Null(await bound.Listener.AcceptAsync().Within());
    }

    [SkippableFact]
    public async Task AcceptAsync_TokenCancelled_EndsAndAcceptingGoesOn()
    {
        await using Bound bound = await BindAsync();
        for (int i = 0; i < 3; i++)
        {
            using var giveUp = new CancellationTokenSource();
            Task accept = bound.Listener.AcceptAsync(giveUp.Token).AsTask();
            Assert.False(accept.IsCompleted);
            await giveUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept.Within());

            await bound.ConnectAsync();
            await bound.AcceptAsync();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bound.Listener.AcceptAsync(new CancellationToken(true)).Within());
    }

    [SkippableFact]
    public async Task AcceptAsync_ClientHasGone_TheNextOneIsServed()
    {
        await using Bound bound = await BindAsync();
        Connection gone = await bound.ConnectAsync();
        gone.Abort();
        Connection client = await bound.ConnectAsync();
        await Talk.SendAsync(client, "here").Within();

        await bound.AcceptWhoSaysAsync("here");
    }

    [SkippableFact]
    public async Task AcceptAsync_ManyClientsAtOnce_AllAreServed()
    {
        const int Clients = 200;
        await using Bound bound = await BindAsync(options => options.RunContinuationsInline = true);
        Task served = ServeAsync(bound, Clients);

        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => BeServedAsync(bound))];

        await Task.WhenAll(clients).Within();
        await served.Within();
    }

    private protected Task<Bound> BindAsync(Action<ListenerOptions>? configure = null) => Bound.ToAsync(_kind, configure);

    private static async Task ServeAsync(Bound bound, int clients)
    {
        var serving = new List<Task>();
        for (int i = 0; i < clients; i++)
        {
            Connection server = await bound.AcceptAsync().ConfigureAwait(false);
            serving.Add(Talk.EchoAsync(server));
        }

        await Task.WhenAll(serving).ConfigureAwait(false);
    }

    private static async Task BeServedAsync(Bound bound)
    {
        Connection client = await bound.ConnectAsync().ConfigureAwait(false);
        await Talk.PingPongAsync(client, rounds: 20, size: 32).ConfigureAwait(false);
        await client.CompleteWritesAsync().ConfigureAwait(false);
        Assert.Empty(await Talk.ReadToEndAsync(client).ConfigureAwait(false));
    }
}
