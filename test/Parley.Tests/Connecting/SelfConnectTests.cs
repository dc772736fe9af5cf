using System.Net;

namespace Parley.Tests.Connecting;

/// <summary>
/// With nobody listening on a port that the system hands out to clients, a socket can be connected to itself: it must not be taken for a
/// server that is there.
/// </summary>
public sealed class SelfConnectTests
{
    /// <summary>In a network of its own where the kernel has one port to give, it always happens.</summary>
    [SkippableFact]
    public async Task ConnectAsync_OnlyThisSocketWouldAnswer_IsRefused()
    {
        const int Port = 40_000;

        Exception? failure = await OwnNetwork.RunAsync(
            onlyPort: Port, () => Record.Exception(() => Connect(new IPEndPoint(IPAddress.Loopback, Port))));

        var refused = Assert.IsType<ConnectionException>(failure);
        Assert.Equal((Step.Connect, Reason.Refused, "ECONNREFUSED"), (refused.Step, refused.Reason, refused.ErrorName));
        Assert.Contains("this very socket", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Needs no rights, but luck: where it happens here, the assertion is the same.</summary>
    [Fact]
    public async Task ConnectAsync_ManyTimesToAFreePort_NeverConnects()
    {
        IPEndPoint nobody = RawSocket.UnusedPort();
        for (int i = 0; i < 5000; i++)
        {
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Connection.ConnectAsync(nobody).Within());
            Assert.Equal(Reason.Refused, failure.Reason);
        }
    }

    // On the thread that lives in the other network.
    private static void Connect(EndPoint remote) => Connection.ConnectAsync(remote).Within().GetAwaiter().GetResult();
}
