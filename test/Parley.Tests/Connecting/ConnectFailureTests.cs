using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Connecting;

/// <summary>Nobody is there: which step failed, why, and with whom.</summary>
public sealed class ConnectFailureTests
{
    private static ConnectionOptions Impatient => new() { ConnectTimeout = TimeSpan.FromMilliseconds(300) };

    [Fact]
    public async Task ConnectAsync_PortWithoutListener_IsRefused()
    {
        IPEndPoint nobody = RawSocket.UnusedPort();

        ConnectionException failure = await FailsAsync(nobody, Step.Connect, Reason.Refused, "ECONNREFUSED");

        Assert.Equal(nobody, failure.EndPoint);
        Assert.Equal($"cannot connect to tcp://{nobody}: connection refused (ECONNREFUSED)", failure.Message);
    }

    [Fact]
    public async Task ConnectAsync_StaleUnixPath_IsRefused()
    {
        using var folder = new TestFolder();
        RawSocket.ListenAt(folder["s"]).Dispose();

        await FailsAsync(new UnixDomainSocketEndPoint(folder["s"]), Step.Connect, Reason.Refused, "ECONNREFUSED");
    }

    [Fact]
    public async Task ConnectAsync_NoUnixPath_IsNotFound()
    {
        using var folder = new TestFolder();

        ConnectionException failure = await FailsAsync(
            new UnixDomainSocketEndPoint(folder["s"]), Step.Connect, Reason.NotFound, "ENOENT");

        Assert.Equal($"cannot connect to unix:{folder["s"]}: no such file or directory (ENOENT)", failure.Message);
    }

    [Fact]
    public Task ConnectAsync_NoAbstractName_IsRefused()
        => FailsAsync(new UnixDomainSocketEndPoint($"\0parley-test-{Guid.NewGuid():N}"), Step.Connect, Reason.Refused, "ECONNREFUSED");

    [Fact]
    public Task ConnectAsync_NoMemoryName_IsRefused()
        => FailsAsync(new MemoryEndPoint(Guid.NewGuid().ToString("N")), Step.Connect, Reason.Refused, "ECONNREFUSED");

    [Fact]
    public async Task ConnectAsync_RegularFile_IsRefused()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["s"], "");

        await FailsAsync(new UnixDomainSocketEndPoint(folder["s"]), Step.Connect, Reason.Refused, "ECONNREFUSED");
    }

    /// <summary>The top-level domain <c>invalid</c> is kept free for this; a machine without a name server answers otherwise.</summary>
    [Fact]
    public async Task ConnectAsync_UnknownHost_FailsAtResolving()
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(new DnsEndPoint("no-such-host.invalid", 5000)).Within(Limits.Transfer));

        Assert.Equal(Step.Resolve, failure.Step);
        Assert.True(failure.Reason is Reason.NotFound or Reason.Other or Reason.TimedOut, $"{failure}");
        Assert.Contains("no-such-host.invalid", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ChannelKind.UnixPath)]
    [InlineData(ChannelKind.Tcp4)]
    public async Task ConnectAsync_NobodyAccepts_TimesOut(ChannelKind kind)
    {
        using var full = new FullBacklog(kind);

        ConnectionException failure = await FailsAsync(full.EndPoint, Step.Connect, Reason.TimedOut, "ETIMEDOUT", Impatient);

        Assert.Equal(full.EndPoint, failure.EndPoint);
    }

    [Fact]
    public async Task ConnectAsync_MemoryBacklogFull_TimesOut()
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Memory, options => options.Backlog = 1);
        await bound.ConnectAsync();

        await FailsAsync(bound.EndPoint, Step.Connect, Reason.TimedOut, "ETIMEDOUT", Impatient);
    }

    [Fact]
    public async Task ConnectAsync_UnknownKindOfEndPoint_IsAMistake()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Connection.ConnectAsync(new StrangeEndPoint()).Within());
        await Assert.ThrowsAsync<ArgumentException>(() => ConnectionListener.BindAsync(new StrangeEndPoint()).Within());
        await Assert.ThrowsAsync<ArgumentException>(() => ConnectionListener.BindAsync(StandardStreamsEndPoint.Instance).Within());
        await Assert.ThrowsAsync<ArgumentNullException>(() => Connection.ConnectAsync(null!).Within());
        await Assert.ThrowsAsync<ArgumentNullException>(() => ConnectionListener.BindAsync(null!).Within());
    }

    private static async Task<ConnectionException> FailsAsync(
        EndPoint remote, Step step, Reason reason, string errorName, ConnectionOptions? options = null)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(remote, options).Within());
        Assert.Equal((step, reason, errorName), (failure.Step, failure.Reason, failure.ErrorName));
        return failure;
    }

    private sealed class StrangeEndPoint : EndPoint;
}
