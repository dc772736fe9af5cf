using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;

namespace Parley.Tests.Connections;

/// <summary>A peer that is left before its end, by one that has said nothing: it is to know whether all it said was taken.</summary>
public sealed class LeavingTests
{
    [SkippableTheory]
    [InlineData(nameof(ChannelKind.Tcp4))]
    [InlineData(nameof(ChannelKind.UnixPath))]
    public async Task DisposeAsync_InputCompletedAndAllRead_EndsInOrderAndWaitsForNobody(string kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(Enum.Parse<ChannelKind>(kind), Patient);
        await pair.Peer.SendAsync("taken"u8.ToArray()).Within();
        Assert.Equal("taken", await Talk.ReadTextAsync(pair.Connection, 5).Within());

        await pair.Connection.Input.CompleteAsync();
        await pair.Connection.DisposeAsync().Within();

        Assert.Empty(await RawSocket.ReadToEndAsync(pair.Peer));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_InputCompletedAndReadInPart_IsAResetOverTcp(bool isReadHandedOut)
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4, Patient);
        await pair.Peer.SendAsync("taken, left"u8.ToArray()).Within();
        ReadResult read = await pair.Connection.Input.ReadAsync().Within();
        Assert.Equal("taken, left", Encoding.ASCII.GetString(read.Buffer.FirstSpan));
        if (!isReadHandedOut)
            pair.Connection.Input.AdvanceTo(read.Buffer.GetPosition(5));

        await pair.Connection.Input.CompleteAsync();
        await pair.Connection.DisposeAsync().Within();

        await IsResetAsync(pair.Peer);
    }

    [SkippableTheory]
    [InlineData(nameof(ChannelKind.Tcp4))]
    [InlineData(nameof(ChannelKind.UnixPath))]
    public async Task DisposeAsync_InputCompletedAndNotRead_IsAReset(string kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(Enum.Parse<ChannelKind>(kind), Patient);
        await pair.Peer.SendAsync("left"u8.ToArray()).Within();

        await pair.Connection.Input.CompleteAsync();
        await pair.Connection.DisposeAsync().Within();

        await IsResetAsync(pair.Peer);
    }

    private static void Patient(ConnectionOptions options) => options.CloseTimeout = Timeout.InfiniteTimeSpan;

    private static async Task IsResetAsync(Socket peer)
    {
        SocketException broken = await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReadToEndAsync(peer));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }
}
