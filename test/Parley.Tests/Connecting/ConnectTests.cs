using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Connecting;

public sealed class ConnectTests
{
    /// <summary>A name may have addresses on which nobody listens: each is tried.</summary>
    [Fact]
    public async Task ConnectAsync_HostName_IsLookedUp()
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4);
        var name = new DnsEndPoint("localhost", ((IPEndPoint)bound.EndPoint).Port);

        await using Connection client = await Connection.ConnectAsync(name).Within();
        Connection server = await bound.AcceptAsync();

        Assert.Equal(bound.EndPoint, client.RemoteEndPoint);
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
        server.Abort();
    }

    [Theory]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.UnixAbstract)]
    public async Task ConnectAsync_BacklogDrained_Connects(ChannelKind kind)
    {
        using var full = new FullBacklog(kind);
        Task<Connection> connect = Connection.ConnectAsync(full.EndPoint).AsTask();
        Assert.False(connect.IsCompleted);

        using Socket first = await full.AcceptAsync();

        Connection client = await connect.Within();
        client.Abort();
    }

    [Fact]
    public async Task ConnectAsync_MemoryBacklogDrained_Connects()
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Memory, options => options.Backlog = 1);
        await bound.ConnectAsync();
        Task<Connection> connect = bound.ConnectAsync();
        Assert.False(connect.IsCompleted);

        await bound.AcceptAsync();

        await connect.Within();
    }

    [Theory]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.Tcp4)]
    public async Task ConnectAsync_TokenCancelledMeanwhile_GivesUp(ChannelKind kind)
    {
        using var full = new FullBacklog(kind);
        using var giveUp = new CancellationTokenSource();
        Task connect = Connection.ConnectAsync(full.EndPoint, cancellationToken: giveUp.Token).AsTask();
        Assert.False(connect.IsCompleted);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect.Within());
    }

    [Fact]
    public async Task ConnectAsync_TokenCancelledWhileRetrying_GivesUp()
    {
        using var folder = new TestFolder();
        using var giveUp = new CancellationTokenSource();
        var observer = new RecordingObserver();
        var options = new ConnectionOptions { RetryCount = int.MaxValue, RetryDelay = TimeSpan.FromSeconds(5), CallObserver = observer };
        Task connect = Connection.ConnectAsync(new UnixDomainSocketEndPoint(folder["s"]), options, giveUp.Token).AsTask();
        await observer.Failed.Within();

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect.Within());
    }

    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.UnixAbstract)]
    [InlineData(ChannelKind.Memory)]
    public async Task ConnectAsync_TokenCancelledBefore_DoesNotConnect(ChannelKind kind)
    {
        await using Bound bound = await Bound.ToAsync(kind);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Connection.ConnectAsync(bound.EndPoint, cancellationToken: new CancellationToken(true)).Within());
    }

    [Fact]
    public async Task ConnectAsync_ToAPlainSocket_Talks()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);

        await pair.Peer.SendAsync("hello"u8.ToArray()).Within();
        pair.Peer.Shutdown(SocketShutdown.Send);
        await Talk.SendAsync(pair.Connection, "welcome").Within();
        pair.Connection.Output.Complete();

        Assert.Equal("hello", await Talk.ReadTextToEndAsync(pair.Connection).Within());
        Assert.Equal("welcome"u8.ToArray(), await RawSocket.ReadToEndAsync(pair.Peer));
    }

    [Fact]
    public async Task CreatePair_BothEnds_Talk()
    {
        (Connection first, Connection second) = Connection.CreatePair();

        await Talk.SendAndEndAsync(first, "forth"u8.ToArray()).Within();
        await Talk.SendAndEndAsync(second, "back"u8.ToArray()).Within();

        Assert.Equal("forth", await Talk.ReadTextToEndAsync(second).Within());
        Assert.Equal("back", await Talk.ReadTextToEndAsync(first).Within());
        Assert.Null(first.RemoteEndPoint);
        await Task.WhenAll(first.DisposeAsync().AsTask(), second.DisposeAsync().AsTask()).Within();
    }
}
