using System.Net.Sockets;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Who is turned away is told why, whenever it says its hello.</summary>
public sealed class RefusedClientTests
{
    private static readonly Action<ListenerOptions> NotThisUser = static options => options.AccessRules = new AccessRules(deny: [PeerRule.Parse($"uid:{Native.UserId}")]);

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(SharedLayout.HelloSize)]
    public async Task Rules_ClientThatHasSaidSoMuch_ReadsTheStatusAndAnEnd(int said)
    {
        await using var links = new Links(configure: NotThisUser);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(links.EndPoint.Name));
        if (said > 0)
        {
            try
            {
                client.Send(new Hello(LinkKind.Bytes, 0, 0).ToBytes().AsSpan(0, said));
            }
            catch (SocketException gone) when (gone.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset)
            {
                // The server was faster.
            }
        }

        byte[] welcome = await RawSocket.ReadExactlyAsync(client, SharedLayout.WelcomeSize);

        Assert.Equal(WelcomeStatus.NotAllowed, Welcome.Read(welcome, LinkKind.Bytes).Status);
    }

    [Fact]
    public async Task Rules_OwnClient_IsDeniedEachTime()
    {
        await using var links = new Links(configure: NotThisUser);

        // Now the hello is there before the client is looked at, now the socket is closed before the hello.
        for (int i = 0; i < 200; i++)
        {
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => links.ConnectAsync());
            Assert.Equal((Step.Connect, Reason.Denied, "the server does not allow it"), (failure.Step, failure.Reason, failure.Cause));
        }

        ConnectionException curious = await Assert.ThrowsAsync<ConnectionException>(() => SharedMemoryConnectionStatus.AskAsync(links.EndPoint).Within());
        Assert.Equal(Reason.Denied, curious.Reason);
    }

    [Fact]
    public async Task Quota_ClientTooMany_HearsThatThereIsNoRoomUntilThereIs()
    {
        await using var links = new Links(configure: static options => options.MaxConnectionsPerPeer = 1);
        SharedMemoryLink first = await links.ConnectAsync();
        SharedMemoryLink server = await links.AcceptAsync();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => links.ConnectAsync());
        Assert.Equal((Step.Connect, Reason.Full), (failure.Step, failure.Reason));

        first.Close();
        server.Close();
        (await links.ConnectAsync()).Close();
    }

    /// <summary>The kernel tells of a socket that was closed with something unread in it as of a reset: what was said before is there all the same.</summary>
    [Theory]
    [InlineData(5, Reason.Denied)]
    [InlineData(4, Reason.Full)]
    [InlineData(3, Reason.Corrupt)]
    public async Task Server_ThatAnswersAndGoesBeforeTheHello_IsUnderstood(uint status, Reason reason)
    {
        using var folder = new TestFolder();
        using Socket listener = RawSocket.Listen(new UnixDomainSocketEndPoint(folder["s"]));
        for (int i = 0; i < 20; i++)
        {
            Task<SharedMemoryLink> connect = Links.ConnectAsync(new SharedMemoryEndPoint(folder["s"]), LinkKind.Bytes, new ConnectionOptions()).AsTask();
            using (Socket client = await listener.AcceptAsync().Within())
                client.Send(Welcome.Refusal((WelcomeStatus)status).ToBytes());

            Assert.Equal(reason, (await Assert.ThrowsAsync<ConnectionException>(() => connect.Within())).Reason);
        }
    }

    [Fact]
    public async Task Server_ThatGoesWithoutAWord_IsAReset()
    {
        using var folder = new TestFolder();
        using Socket listener = RawSocket.Listen(new UnixDomainSocketEndPoint(folder["s"]));
        Task<SharedMemoryLink> connect = Links.ConnectAsync(new SharedMemoryEndPoint(folder["s"]), LinkKind.Bytes, new ConnectionOptions()).AsTask();

        (await listener.AcceptAsync().Within()).Dispose();

        Assert.Equal(Reason.Reset, (await Assert.ThrowsAsync<ConnectionException>(() => connect.Within())).Reason);
    }
}
