using System.Net;

namespace Parley.Tests.Options;

/// <summary>Options are copied and checked when they are used.</summary>
public sealed class OptionCopyTests
{
    [Fact]
    public async Task BindAsync_OptionsChangedAfterwards_HasNoEffect()
    {
        ListenerOptions options = null!;
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4, given =>
        {
            given.MaxConnections = 1;
            options = given;
        });

        options.MaxConnections = 10;
        options.Backlog = -1;

        await bound.ConnectAsync();
        await bound.ConnectAsync();
        Connection first = await bound.AcceptAsync();
        Task<Connection> second = bound.AcceptAsync();
        Assert.False(second.IsCompleted);
        first.Abort();
        await second.Within();
    }

    [Fact]
    public async Task ConnectAsync_OptionsChangedAfterwards_HasNoEffect()
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4);
        var options = new ConnectionOptions();
        Connection client = await Connection.ConnectAsync(bound.EndPoint, options).Within();
        Connection server = await bound.AcceptAsync();

        options.IdleTimeout = TimeSpan.FromMilliseconds(1);
        options.CallObserver = new RecordingObserver();

        Task<string> read = Talk.ReadTextAsync(client, 4);
        await Talk.SendAsync(server, "idle").Within();
        Assert.Equal("idle", await read.Within());
        Assert.Empty(((RecordingObserver)options.CallObserver).Calls);
        client.Abort();
    }

    [Fact]
    public async Task AnyUse_WrongOptions_IsRefusedBeforeAnythingIsOpened()
    {
        var observer = new RecordingObserver();
        var connecting = new ConnectionOptions { RetryCount = -1, CallObserver = observer };
        var listening = new ListenerOptions { Backlog = 0, CallObserver = observer };
        var somewhere = new IPEndPoint(IPAddress.Loopback, 0);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Connection.ConnectAsync(somewhere, connecting).Within());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ConnectionListener.BindAsync(somewhere, listening).Within());
        Assert.Throws<ArgumentOutOfRangeException>(() => Connection.CreatePair(connecting));

        Assert.Empty(observer.Calls);
    }
}
