using System.Net;

namespace Parley.Tests.Datagrams;

/// <summary>Host names, and what can go wrong before the first message.</summary>
public sealed class OpeningTests
{
    [Fact]
    public async Task BindAndOpenAsync_AHostName_IsLookedUp()
    {
        await using MessageChannel bound = await MessageChannel.BindAsync(new UdpEndPoint(new DnsEndPoint("localhost", 0))).Within();
        await using MessageChannel opened = await MessageChannel.OpenAsync(new UdpEndPoint(new DnsEndPoint("localhost", Loopback.PortOf(bound)))).Within();
        await Loopback.SendAsync(opened, "by name");
        Assert.Equal("by name", (await Loopback.ReceiveAsync(bound)).Text);
        Assert.Equal(bound.LocalEndPoint, opened.RemoteEndPoint);
        Assert.NotEqual(0, Loopback.PortOf(bound));
    }

    [Fact]
    public async Task OpenAsync_AnUnknownHost_IsNotFound()
    {
        var nowhere = new UdpEndPoint(new DnsEndPoint("no-such-host.invalid", 5000));
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => MessageChannel.OpenAsync(nowhere).Within());
        Assert.Equal(Step.Resolve, failure.Step);
        Assert.Equal(nowhere, failure.EndPoint);
        Assert.Contains("udp://no-such-host.invalid:5000", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BindAsync_ThePortIsTaken_IsInUse()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => MessageChannel.BindAsync(bound.LocalEndPoint!).Within());
        Assert.Equal((Step.Bind, Reason.InUse, "EADDRINUSE"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Contains($"cannot listen on {bound.LocalEndPoint}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BindAsync_AnAddressOfAnotherMachine_IsNotFound()
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Loopback.BindAsync(IPAddress.Parse("203.0.113.1")));
        Assert.Equal((Step.Bind, Reason.NotFound, "EADDRNOTAVAIL"), (failure.Step, failure.Reason, failure.ErrorName));
    }

    [SkippableFact]
    public async Task BindAsync_APortOfTheSystems_IsDenied()
    {
        Exception? failure = await OtherUser.RunAsync(() => Record.Exception(() => Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Loopback, 1)))));
        var denied = Assert.IsType<ConnectionException>(failure);
        Assert.Equal((Step.Bind, Reason.Denied, "EACCES"), (denied.Step, denied.Reason, denied.ErrorName));
    }

    [SkippableFact]
    public async Task OpenAsync_NoRoute_SaysSo()
    {
        Exception? failure = await OwnNetwork.RunAsync("true", () => Record.Exception(() => Wait(MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Parse("203.0.113.1"), 5)))));
        var unreachable = Assert.IsType<ConnectionException>(failure);
        Assert.Equal((Step.Connect, "ENETUNREACH"), (unreachable.Step, unreachable.ErrorName));
    }

    [SkippableFact]
    public async Task SendAsync_BoundNoRoute_SaysSoAndGoesOn()
    {
        (MessageChannel bound, MessageChannel other) = await OwnNetwork.RunAsync("true", () =>
            (Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Any, 0))), Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Loopback, 0)))));
        await using (bound)
        await using (other)
        {
            var far = new UdpEndPoint(IPAddress.Parse("203.0.113.1"), 5);
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Loopback.SendAsync(bound, "x", far));
            Assert.Equal((Step.Send, "ENETUNREACH", far), (failure.Step, failure.ErrorName, failure.EndPoint));
            await Loopback.SendAsync(bound, "near", other.LocalEndPoint);
            Assert.Equal("near", (await Loopback.ReceiveAsync(other)).Text);
        }
    }

    /// <summary>Where the kernel has one port to give, it gives the very one that is sent to.</summary>
    [SkippableFact]
    public async Task OpenAsync_OnlyThisSocketWouldReceive_IsRefused()
    {
        Exception? failure = await OwnNetwork.RunAsync(
            onlyPort: 40_000, () => Record.Exception(() => Wait(MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Loopback, 40_000)))));
        var refused = Assert.IsType<ConnectionException>(failure);
        Assert.Equal((Step.Connect, Reason.Refused), (refused.Step, refused.Reason));
        Assert.Contains("this very socket", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_PortZero_IsRefused()
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Loopback, 0)).Within());
        Assert.Contains("port 0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyUse_Cancelled_OpensNothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        var endPoint = new UdpEndPoint(IPAddress.Loopback, 5);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MessageChannel.OpenAsync(endPoint, cancellationToken: cancelled).Within());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MessageChannel.BindAsync(endPoint, cancellationToken: cancelled).Within());
    }

    [Fact]
    public async Task CallObserver_SeesEachStep()
    {
        var observer = new RecordingObserver();
        var options = new MessageChannelOptions { CallObserver = observer };
        MessageChannel bound = await Loopback.BindAsync(options: options);
        MessageChannel opened = await Loopback.OpenAsync(bound, options);
        await Loopback.SendAsync(opened, "four");
        await Loopback.ReceiveAsync(bound);
        await opened.DisposeAsync();
        await bound.DisposeAsync();
        Assert.Equal(["socket", "bind", "socket", "connect", "sendto", "recvfrom", "close", "close"], observer.Names);
        Assert.Equal((4, bound.LocalEndPoint), (observer.Single("sendto").Result, observer.Single("sendto").EndPoint));
        Assert.Equal((4, opened.LocalEndPoint), (observer.Single("recvfrom").Result, observer.Single("recvfrom").EndPoint));
    }

    // On the thread of another network or user: nothing is looked up, so nothing waits.
    private static MessageChannel Wait(ValueTask<MessageChannel> made)
    {
        Assert.True(made.IsCompleted);
        return made.AsTask().GetAwaiter().GetResult();
    }
}
