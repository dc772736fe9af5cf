using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Connections;

/// <summary>When what was flushed has reached the peer.</summary>
public sealed class DeliveryTests
{
    [Fact]
    public async Task WaitForDeliveryAsync_NothingSent_EndsAtOnce()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);

        await pair.Connection.WaitForDeliveryAsync().Within();
    }

    /// <summary>
    /// The kernel tells of no acknowledgement where no writer had to wait for room: what fills the peer's window, but not the own
    /// buffer, is acknowledged in silence.
    /// </summary>
    [Fact]
    public async Task WaitForDeliveryAsync_TcpPeerReadsLate_EndsWithItsAcknowledgement()
    {
        byte[] bytes = Payload.Random(100_000);
        using Socket listener = RawSocket.New(new IPEndPoint(IPAddress.Loopback, 0));
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Connection connection = await Connection.ConnectAsync(listener.LocalEndPoint!).Within();
        using Socket peer = await listener.AcceptAsync().Within();
        await Talk.SendAsync(connection, bytes).Within();
        Task delivered = connection.WaitForDeliveryAsync().AsTask();
        Assert.False(delivered.IsCompleted);

        Assert.Equal(bytes, await RawSocket.ReadExactlyAsync(peer, bytes.Length));

        await delivered.Within();
        connection.Abort();
    }

    [Fact]
    public async Task WaitForDeliveryAsync_PeerHasNotRead_EndsWithItsAcknowledgement()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        await Talk.SendAsync(pair.Connection, "acknowledged by the peer's kernel").Within();

        await pair.Connection.WaitForDeliveryAsync().Within();
    }

    [Fact]
    public async Task WaitForDeliveryAsync_UnixPeer_EndsWhenItHasRead()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.UnixPath);
        await Talk.SendAsync(pair.Connection, "read").Within();
        Task delivered = pair.Connection.WaitForDeliveryAsync().AsTask();
        Assert.False(delivered.IsCompleted);

        await RawSocket.ReadExactlyAsync(pair.Peer, 4);

        await delivered.Within();
    }

    [Fact]
    public async Task WaitForDeliveryAsync_TokenCancelled_GivesUp()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.UnixPath);
        await Talk.SendAsync(pair.Connection, "never read").Within();
        using var giveUp = new CancellationTokenSource();
        Task delivered = pair.Connection.WaitForDeliveryAsync(giveUp.Token).AsTask();

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivered.Within());
    }
}
