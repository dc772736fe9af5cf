using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    private const int PingPongRounds = 20_000;
    private const int Bulk = 32 * 1024 * 1024;

    [SkippableFact]
    public async Task Conversation_MessageEachWay_Arrives()
    {
        await using Pair pair = await ConnectAsync();

        await Talk.SendAsync(pair.Client, "hello").Within();
        Assert.Equal("hello", await Talk.ReadTextAsync(pair.Server, 5).Within());
        await Talk.SendAsync(pair.Server, "welcome").Within();
        Assert.Equal("welcome", await Talk.ReadTextAsync(pair.Client, 7).Within());
    }

    /// <summary>Guards a lost wake-up: every round waits on both sides, and each wait meets its edge at another moment.</summary>
    [SkippableFact]
    public async Task Conversation_ManyRoundTrips_NoneIsLost()
    {
        await using Pair pair = await ConnectAsync();
        Task echo = Talk.EchoAsync(pair.Server);

        await Talk.PingPongAsync(pair.Client, PingPongRounds, size: 64).Within(Limits.Transfer);
        await pair.Client.CompleteWritesAsync().Within();
        await echo.Within();

        Assert.Empty(await Talk.ReadToEndAsync(pair.Client).Within());
    }

    [SkippableFact]
    public async Task Conversation_BulkBothWaysAtOnce_ArrivesUnharmed()
    {
        await using Pair pair = await ConnectAsync();
        byte[] forth = Payload.Random(Bulk, seed: 2);
        byte[] back = Payload.Random(Bulk, seed: 3);

        Task<byte[]> atServer = Talk.HashToEndAsync(pair.Server);
        Task<byte[]> atClient = Talk.HashToEndAsync(pair.Client);
        await Task.WhenAll(Talk.SendAndEndAsync(pair.Client, forth), Talk.SendAndEndAsync(pair.Server, back)).Within(Limits.Transfer);

        Assert.Equal(SHA256.HashData(forth), await atServer.Within(Limits.Transfer));
        Assert.Equal(SHA256.HashData(back), await atClient.Within(Limits.Transfer));
    }

    [SkippableFact]
    public async Task Statistics_AfterConversation_CountEachDirection()
    {
        await using Pair pair = await ConnectAsync();
        await Task.WhenAll(Talk.SendAndEndAsync(pair.Client, new byte[1000]), Talk.SendAndEndAsync(pair.Server, new byte[300])).Within();
        await Task.WhenAll(Talk.ReadToEndAsync(pair.Client), Talk.ReadToEndAsync(pair.Server)).Within();

        ConnectionStatistics client = pair.Client.Statistics;
        ConnectionStatistics server = pair.Server.Statistics;

        Assert.Equal((1000, 300), (client.BytesSent, client.BytesReceived));
        Assert.Equal((300, 1000), (server.BytesSent, server.BytesReceived));
        Assert.True(client.Elapsed > TimeSpan.Zero);
    }

    [SkippableFact]
    public async Task Statistics_ConversationEnded_TellWhoEndedIt()
    {
        await using Pair pair = await ConnectAsync();

        await pair.Client.CompleteWritesAsync().Within();
        await Talk.ReadToEndAsync(pair.Server).Within();
        await pair.Server.CompleteWritesAsync().Within();
        await Talk.ReadToEndAsync(pair.Client).Within();

        Assert.False(pair.Client.Statistics.EndedByPeer);
        Assert.True(pair.Server.Statistics.EndedByPeer);
    }

    [SkippableFact]
    public async Task EndPoints_OfBothSides_AreEachOthers()
    {
        await using Pair pair = await ConnectAsync();

        EndPoint? served = pair.Server.LocalEndPoint;
        Assert.NotNull(served);
        Assert.Equal(Place.ForClient(served), pair.Client.RemoteEndPoint);
        if (IsTcp)
        {
            Assert.NotNull(pair.Client.LocalEndPoint);
            Assert.Equal(pair.Client.LocalEndPoint, pair.Server.RemoteEndPoint);
        }
        else if (IsUnix)
        {
            // The client's socket has no name.
            Assert.IsType(_kind == ChannelKind.NamedPipe ? typeof(NamedPipeEndPoint) : typeof(UnixDomainSocketEndPoint), served);
            Assert.Null(pair.Client.LocalEndPoint);
            Assert.Null(pair.Server.RemoteEndPoint);
        }
    }

    [SkippableFact]
    public async Task TryGetPeerCredentials_OnEachChannel_TellsWhereTheKernelKnows()
    {
        await using Pair pair = await ConnectAsync();

        foreach (Connection side in new[] { pair.Client, pair.Server })
        {
            bool isKnown = IsUnix || _kind == ChannelKind.SharedMemory;
            Assert.Equal(isKnown, side.TryGetPeerCredentials(out PeerCredentials peer));
            Assert.Equal(isKnown ? Environment.ProcessId : 0, peer.ProcessId);
            Assert.Equal(isKnown ? Native.UserId : 0, peer.UserId);
        }
    }
}
