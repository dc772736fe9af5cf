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
        await using RawPair pair = await ToPeerThatSaysAsync("taken", Enum.Parse<ChannelKind>(kind));
        Assert.Equal("taken", await Talk.ReadTextAsync(pair.Connection, 5).Within());

        await LeaveAsync(pair.Connection);

        Assert.Empty(await RawSocket.ReadToEndAsync(pair.Peer));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DisposeAsync_InputCompletedAndReadInPart_IsAResetOverTcp(bool isReadHandedOut)
    {
        await using RawPair pair = await ToPeerThatSaysAsync("taken, left", ChannelKind.Tcp4);
        ReadResult read = await pair.Connection.Input.ReadAsync().Within();
        Assert.Equal("taken, left", Encoding.ASCII.GetString(read.Buffer.FirstSpan));
        if (!isReadHandedOut)
            pair.Connection.Input.AdvanceTo(read.Buffer.GetPosition(5));

        await LeaveAsync(pair.Connection);

        await IsResetAsync(pair.Peer);
    }

    [SkippableTheory]
    [InlineData(nameof(ChannelKind.Tcp4))]
    [InlineData(nameof(ChannelKind.UnixPath))]
    public async Task DisposeAsync_InputCompletedAndNotRead_IsAReset(string kind)
    {
        await using RawPair pair = await ToPeerThatSaysAsync("left", Enum.Parse<ChannelKind>(kind));

        await LeaveAsync(pair.Connection);

        await IsResetAsync(pair.Peer);
    }

    private static async Task<RawPair> ToPeerThatSaysAsync(string text, ChannelKind kind)
    {
        RawPair pair = await RawPair.ConnectAsync(kind, static options => options.CloseTimeout = Timeout.InfiniteTimeSpan);
        await pair.Peer.SendAsync(Encoding.ASCII.GetBytes(text)).Within();
        return pair;
    }

    private static async Task LeaveAsync(Connection connection)
    {
        await connection.Input.CompleteAsync();
        await connection.DisposeAsync().Within();
    }

    private static async Task IsResetAsync(Socket peer)
    {
        SocketException broken = await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReadToEndAsync(peer));
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }
}
