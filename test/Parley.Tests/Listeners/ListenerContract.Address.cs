namespace Parley.Tests.Listeners;

public abstract partial class ListenerContract
{
    [SkippableFact]
    public async Task BindAsync_AddressInUse_SaysSo()
    {
        await using Bound bound = await BindAsync();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Bound.ListenAsync(bound.EndPoint));

        Assert.Equal((Step.Bind, Reason.InUse, "EADDRINUSE"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Equal(bound.EndPoint, failure.EndPoint);
        await bound.ConnectAsync();
        await bound.AcceptAsync();
    }

    [SkippableFact]
    public async Task BindAsync_AfterDispose_GetsTheAddressAgain()
    {
        await using Bound bound = await BindAsync();
        await bound.ConnectAsync();
        await bound.AcceptAsync();
        await bound.Listener.DisposeAsync().Within();
        await bound.Listener.DisposeAsync().Within();

        await using ConnectionListener again = await Bound.ListenAsync(bound.EndPoint);

        Assert.Equal(bound.EndPoint, again.LocalEndPoint);
    }

    [SkippableFact]
    public async Task DisposeAsync_ClientsNotAccepted_AreBrokenOff()
    {
        await using Bound bound = await BindAsync();
        Connection client = await bound.ConnectAsync();

        await bound.Listener.DisposeAsync().Within();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => client.Input.ReadAsync().Within());
        Assert.Equal(Reason.Reset, failure.Reason);
    }

    [SkippableFact]
    public async Task DisposeAsync_AcceptedConnections_GoOn()
    {
        await using Bound bound = await BindAsync();
        Connection client = await bound.ConnectAsync();
        Connection server = await bound.AcceptAsync();

        await bound.Listener.DisposeAsync().Within();

        await Talk.SendAsync(client, "still").Within();
        Assert.Equal("still", await Talk.ReadTextAsync(server, 5).Within());
    }

    [SkippableFact]
    public async Task StopAsync_BacklogEmptied_NobodyConnectsAnyMore()
    {
        await using Bound bound = await BindAsync();
        await bound.Listener.StopAsync().Within();
        Assert.Null(await bound.Listener.AcceptAsync().Within());

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(bound.ConnectAsync);

        // The path of a Unix socket is gone with its listener.
        Assert.Equal(_kind is ChannelKind.UnixPath or ChannelKind.NamedPipe or ChannelKind.SharedMemory ? Reason.NotFound : Reason.Refused, failure.Reason);
    }
}
