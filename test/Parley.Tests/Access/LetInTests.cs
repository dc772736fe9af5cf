using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Access;

/// <summary>Rules and quotas of real listeners.</summary>
public sealed class LetInTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Connect_ServerAtAnAddressThatIsNotAllowed_IsDeniedBeforeConnecting()
    {
        await using ConnectionListener listener = await ConnectionListener.BindAsync(new IPEndPoint(IPAddress.Loopback, 0)).AsTask().Within();

        var failure = await Assert.ThrowsAsync<ConnectionException>(
            async () => await Connection.ConnectAsync(listener.LocalEndPoint, new ConnectionOptions { AccessRules = Allow("10.0.0.0/8") }));

        Assert.Equal((Step.Connect, Reason.Denied), (failure.Step, failure.Reason));
    }

    [SkippableTheory]
    [InlineData("unix:")]
    [InlineData("pipe:")]
    [InlineData("shm:")]
    public async Task Connect_ServerOfAUserWhoIsNotAllowed_IsDenied(string scheme)
    {
        EndPoint place = ParleyEndPoint.Parse(scheme + _folder["s"]);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place).AsTask().Within();

        var failure = await Assert.ThrowsAsync<ConnectionException>(
            async () => await Connection.ConnectAsync(place, new ConnectionOptions { AccessRules = Allow("uid:12345") }));
        await using Connection allowed = await Connection.ConnectAsync(place, new ConnectionOptions { AccessRules = Allow($"uid:{Native.UserId}") }).AsTask().Within();

        Assert.Equal((Step.Connect, Reason.Denied), (failure.Step, failure.Reason));
        allowed.Abort();
    }

    [SkippableTheory]
    [InlineData("fifo:")]
    [InlineData("mq:")]
    public async Task Open_ObjectOfAUserWhoIsNotAllowed_IsDenied(string scheme)
    {
        EndPoint place = ParleyEndPoint.Parse(scheme == "mq:" ? $"mq:/parley-access-{Guid.NewGuid():N}" : scheme + _folder["f"]);
        NamedObject.Create(place);
        try
        {
            var options = new MessageChannelOptions { AccessRules = Allow("uid:12345"), Direction = ConnectionDirection.ReceiveOnly };
            var failure = await Assert.ThrowsAsync<ConnectionException>(async () =>
            {
                if (scheme == "mq:")
                    await (await MessageChannel.OpenAsync(place, options)).DisposeAsync();
                else
                    await (await Connection.ConnectAsync(place, options)).DisposeAsync();
            });

            Assert.Equal((Step.Open, Reason.Denied), (failure.Step, failure.Reason));
        }
        finally
        {
            NamedObject.Remove(place);
        }
    }

    [Fact]
    public async Task Flood_OfRefusedClients_HonestOnesAreServedAndTheLogIsBounded()
    {
        const int Floods = 500;
        var log = new RecordingLog();
        var options = new ListenerOptions { AccessRules = new AccessRules(deny: [PeerRule.Parse("127.0.0.2")]), LoggerFactory = log };
        await using ConnectionListener listener = await ConnectionListener.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), options).AsTask().Within();
        Task flood = Task.Run(() =>
        {
            for (int i = 0; i < Floods; i++)
                MustBeReset("127.0.0.2", listener.LocalEndPoint);
        });

        for (int i = 0; i < 20; i++)
        {
            Task<Connection?> accepting = listener.AcceptAsync().AsTask();
            using var honest = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await honest.ConnectAsync(listener.LocalEndPoint).Within();
            Connection accepted = (await accepting.Within())!;
            Assert.Equal(IPAddress.Loopback, ((IPEndPoint)accepted.RemoteEndPoint!).Address);
            accepted.Abort();
        }

        Task<Connection?> last = listener.AcceptAsync().AsTask();
        await flood.Within();
        await Eventually.TrueAsync(() => listener.Statistics.Refused == Floods, "all of the flood is counted");
        await listener.StopAsync();
        Assert.Null(await last.Within());
        Assert.InRange(log.Entries.Count, 1, Floods / 10);
    }

    [Fact]
    public async Task MaxConnectionsPerPeer_OneTooMany_IsRefusedAndOthersAreNot()
    {
        var options = new ListenerOptions { MaxConnectionsPerPeer = 1 };
        await using ConnectionListener listener = await ConnectionListener.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), options).AsTask().Within();
        using Socket first = ConnectFrom("127.0.0.2", listener.LocalEndPoint);
        Connection one = (await listener.AcceptAsync().AsTask().Within())!;
        Task<Connection?> next = listener.AcceptAsync().AsTask();

        MustBeReset("127.0.0.2", listener.LocalEndPoint);
        using Socket other = ConnectFrom("127.0.0.3", listener.LocalEndPoint);
        Connection two = (await next.Within())!;
        Assert.Equal("127.0.0.3", ((IPEndPoint)two.RemoteEndPoint!).Address.ToString());
        Assert.Equal(new ListenerStatistics(0, 1), listener.Statistics);

        one.Abort();
        await one.DisposeAsync();
        next = listener.AcceptAsync().AsTask();
        using Socket again = ConnectFrom("127.0.0.2", listener.LocalEndPoint);
        Assert.Equal("127.0.0.2", ((IPEndPoint)(await next.Within())!.RemoteEndPoint!).Address.ToString());
        two.Abort();
    }

    [SkippableFact]
    public async Task ChannelListener_Quota_CountsTheUser()
    {
        var place = new SharedMemoryEndPoint(_folder["m"]);
        var options = new MessageChannelOptions { Listener = new ListenerOptions { MaxConnectionsPerPeer = 1 } };
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(place, options).AsTask().Within();
        await using MessageChannel first = await MessageChannel.OpenAsync(place).AsTask().Within();

        await Assert.ThrowsAsync<ConnectionException>(async () => await MessageChannel.OpenAsync(place).AsTask().Within());

        Assert.Equal(new ListenerStatistics(0, 1), listener.Statistics);
    }

    private static AccessRules Allow(string rule) => new([PeerRule.Parse(rule)]);

    private static Socket ConnectFrom(string address, EndPoint server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        socket.Connect(server);
        return socket;
    }

    // The reset may be there before the runtime has said that it is connected.
    private static void MustBeReset(string address, EndPoint server) => Assert.Throws<SocketException>(() =>
    {
        using Socket socket = ConnectFrom(address, server);
        socket.Receive(new byte[1]);
    });
}
