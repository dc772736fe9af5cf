using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Listeners;

public sealed class TcpListenerTests() : ListenerContract(ChannelKind.Tcp4)
{
    [Fact]
    public async Task BindAsync_Port0_GivesTheRealPort()
    {
        await using Bound bound = await BindAsync();

        var local = Assert.IsType<IPEndPoint>(bound.Listener.LocalEndPoint);
        Assert.Equal(IPAddress.Loopback, local.Address);
        Assert.NotEqual(0, local.Port);
        using Socket socket = await RawSocket.ConnectAsync(local);
        Assert.Equal(socket.LocalEndPoint, (await bound.AcceptAsync()).RemoteEndPoint);
    }

    [Fact]
    public async Task BindAsync_HostName_IsLookedUp()
    {
        await using ConnectionListener listener = await ConnectionListener.BindAsync(new DnsEndPoint("localhost", 0)).Within();

        Assert.True(IPAddress.IsLoopback(Assert.IsType<IPEndPoint>(listener.LocalEndPoint).Address));
    }

    /// <summary>The side that closes first keeps the address for a minute (TIME_WAIT): a restart must not wait for that.</summary>
    [Fact]
    public async Task BindAsync_AfterServerClosedFirst_GetsThePortAgain()
    {
        await using Bound bound = await BindAsync();
        using Socket client = await RawSocket.ConnectAsync(bound.EndPoint);
        Connection server = await bound.AcceptAsync();
        Task closed = server.DisposeAsync().AsTask();
        Assert.Empty(await RawSocket.ReadToEndAsync(client));
        client.Shutdown(SocketShutdown.Send);
        await closed.Within();
        await bound.Listener.DisposeAsync().Within();

        await using ConnectionListener again = await ConnectionListener.BindAsync(bound.EndPoint).Within();

        Assert.Equal(bound.EndPoint, again.LocalEndPoint);
    }

    [Fact]
    public async Task BindAsync_AddressOfAnotherMachine_IsNotFound()
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => ConnectionListener.BindAsync(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)).Within());

        Assert.Equal((Step.Bind, Reason.NotFound, "EADDRNOTAVAIL"), (failure.Step, failure.Reason, failure.ErrorName));
    }

    [SkippableFact]
    public async Task BindAsync_AnyAddressOfIPv6_ServesIPv4Too()
    {
        using var needsIPv6 = new Place(ChannelKind.Tcp6);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(new IPEndPoint(IPAddress.IPv6Any, 0)).Within();
        int port = ((IPEndPoint)listener.LocalEndPoint).Port;

        using Socket socket = await RawSocket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        Connection? server = await listener.AcceptAsync().Within();

        Assert.NotNull(server);
        Assert.Equal(socket.LocalEndPoint, server.RemoteEndPoint);
        server.Abort();
    }
}
