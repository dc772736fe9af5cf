using System.Net;

namespace Parley.Tests.Datagrams;

/// <summary>Nobody receives there: an error with a type, and not the end of the channel.</summary>
public sealed class RefusedTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task ReceiveAsync_NobodyThere_IsRefusedAndGoesOn(string address)
    {
        UdpEndPoint nobody = await Loopback.NobodyAsync(IPAddress.Parse(address));
        await using MessageChannel opened = await MessageChannel.OpenAsync(nobody).Within();
        Task<(string Text, EndPoint? Peer)> receive = Loopback.ReceiveAsync(opened);
        await Loopback.SendAsync(opened, "anybody?");
        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => receive);
        Assert.Equal((Step.Receive, Reason.Refused, "ECONNREFUSED"), (refused.Step, refused.Reason, refused.ErrorName));
        Assert.Equal(nobody, refused.EndPoint);

        await using MessageChannel bound = await MessageChannel.BindAsync(nobody).Within();
        await Loopback.SendAsync(opened, "and now?");
        (string text, EndPoint? peer) = await Loopback.ReceiveAsync(bound);
        Assert.Equal("and now?", text);
        await Loopback.SendAsync(bound, "yes", peer);
        Assert.Equal("yes", (await Loopback.ReceiveAsync(opened)).Text);
    }

    [Fact]
    public async Task SendAsync_AfterARefusal_TellsItAndSendsTheNext()
    {
        UdpEndPoint nobody = await Loopback.NobodyAsync();
        await using MessageChannel opened = await MessageChannel.OpenAsync(nobody).Within();
        await Loopback.SendAsync(opened, "lost");
        await opened.WaitToReceiveAsync().Within();
        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => Loopback.SendAsync(opened, "not sent"));
        Assert.Equal((Step.Send, Reason.Refused), (refused.Step, refused.Reason));
        Assert.Equal(1, opened.Statistics.MessagesSent);

        await using MessageChannel bound = await MessageChannel.BindAsync(nobody).Within();
        await Loopback.SendAsync(opened, "sent");
        Assert.Equal("sent", (await Loopback.ReceiveAsync(bound)).Text);
    }

    [Fact]
    public async Task CompleteSendsAsync_NobodyThere_IsRefused()
    {
        await using MessageChannel opened = await MessageChannel.OpenAsync(await Loopback.NobodyAsync()).Within();
        await Loopback.SendAsync(opened, "anybody?");

        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => opened.CompleteSendsAsync().Within());

        Assert.Equal((Step.Send, Reason.Refused), (refused.Step, refused.Reason));
        await opened.CompleteSendsAsync().Within();
    }

    /// <summary>This machine says so before the send is over: not one is lost.</summary>
    [Fact]
    public async Task Relay_NobodyThere_KeepsTheMessage()
    {
        UdpEndPoint nobody = await Loopback.NobodyAsync();
        (MessageChannel sender, MessageChannel source) = MessageChannel.CreatePair();
        await using MessageChannel opened = await MessageChannel.OpenAsync(nobody).Within();
        var relay = new MessageRelay(source);
        await Loopback.SendAsync(sender, "first");
        await Loopback.SendAsync(sender, "second");

        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => relay.MoveAsync(opened).AsTask().Within());
        Assert.Equal((Step.Send, Reason.Refused, true, 0), (refused.Step, refused.Reason, relay.HasTargetFailed, relay.MessagesMoved));

        await using MessageChannel bound = await MessageChannel.BindAsync(nobody).Within();
        await relay.MoveAsync(opened, count: 2).AsTask().Within();
        Assert.Equal("first", (await Loopback.ReceiveAsync(bound)).Text);
        Assert.Equal("second", (await Loopback.ReceiveAsync(bound)).Text);
    }

    [Fact]
    public async Task Receive_Blocking_IsRefused()
    {
        UdpEndPoint nobody = await Loopback.NobodyAsync();
        await using MessageChannel opened = await MessageChannel.OpenAsync(nobody).Within();
        Task receive = OnItsOwnThread.Run(() => opened.Receive(new byte[10], Limits.Wait));
        await Loopback.SendAsync(opened, "anybody?");
        ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => receive.Within());
        Assert.Equal((Step.Receive, Reason.Refused), (refused.Step, refused.Reason));
    }

    /// <summary>What became of an answer is not told to a bound channel: nobody can make it stumble by going away.</summary>
    [Fact]
    public async Task SendAsync_BoundToOneWhoIsGone_SaysNothing()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        UdpEndPoint nobody = await Loopback.NobodyAsync();
        await Loopback.SendAsync(bound, "one", nobody);
        await Loopback.SendAsync(bound, "two", nobody);
        await using MessageChannel sender = await Loopback.OpenAsync(bound);
        await Loopback.SendAsync(sender, "three");
        Assert.Equal("three", (await Loopback.ReceiveAsync(bound)).Text);
    }
}
