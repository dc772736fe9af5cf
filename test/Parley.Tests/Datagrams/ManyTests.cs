using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Datagrams;

/// <summary>One message to many: broadcast and multicast.</summary>
public sealed class ManyTests
{
    // The kernel makes the route to an IPv6 address of its own a moment after the address.
    private const string TwoInterfaces = """
        ip link add one type veth peer name other
        ip addr add 10.77.0.1/24 broadcast + dev one
        ip -6 addr add fd00:77::1/64 dev one nodad
        ip link set other up
        ip link set one up
        until ip -6 route get fd00:77::1 | grep -q ^local; do :; done
        """;

    private static int _groups;

    /// <summary>The loopback has a broadcast address too.</summary>
    [Fact]
    public async Task OpenAsync_ABroadcastAddress_ReachesAndHearsAnswers()
    {
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Any);
        await using MessageChannel opened = await MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Parse("127.255.255.255"), Loopback.PortOf(bound))).Within();
        await TalkAsync(opened, bound);
    }

    [Fact]
    public async Task SendAsync_BoundToABroadcastAddress_Arrives()
    {
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Any);
        await using MessageChannel sender = await Loopback.BindAsync(IPAddress.Any);
        var everybody = new UdpEndPoint(IPAddress.Parse("127.255.255.255"), Loopback.PortOf(bound));
        await Loopback.SendAsync(sender, "one", everybody);
        await sender.SendBatchAsync(new ReadOnlyMemory<byte>[] { "two"u8.ToArray() }, new MessageHeader { Peer = everybody }).Within();
        Assert.Equal("one", (await Loopback.ReceiveAsync(bound)).Text);
        Assert.Equal("two", (await Loopback.ReceiveAsync(bound)).Text);
    }

    [Fact]
    public async Task SendBatchAsync_BoundToABroadcastAddressAtFirst_Arrives()
    {
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Any);
        await using MessageChannel sender = await Loopback.BindAsync(IPAddress.Any);
        var everybody = new UdpEndPoint(IPAddress.Parse("127.255.255.255"), Loopback.PortOf(bound));
        await sender.SendBatchAsync(new ReadOnlyMemory<byte>[] { "one"u8.ToArray() }, new MessageHeader { Peer = everybody }).Within();
        Assert.Equal("one", (await Loopback.ReceiveAsync(bound)).Text);
    }

    [SkippableTheory]
    [InlineData("255.255.255.255")]
    [InlineData("10.77.0.255")]
    public async Task OpenAsync_EverybodyOnTheNetwork_ReachesAndHearsAnswers(string address)
    {
        (MessageChannel bound, MessageChannel opened) = await OwnNetwork.RunAsync(TwoInterfaces + "\nip route add default dev one", () =>
        {
            MessageChannel receiver = Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Any, 0)));
            return (receiver, Wait(MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Parse(address), Loopback.PortOf(receiver)))));
        });
        await using (bound)
        await using (opened)
            await TalkAsync(opened, bound);
    }

    /// <summary>Two receivers on one machine, and one who joined another group.</summary>
    [Fact]
    public async Task BindAsync_AGroup_EveryMemberReceives()
    {
        IPAddress group = NewGroup();
        var through = new MessageChannelOptions { MulticastInterface = IPAddress.Loopback };
        await using MessageChannel first = await Loopback.BindAsync(group, through);
        await using MessageChannel second = await MessageChannel.BindAsync(first.LocalEndPoint!, through).Within();
        await using MessageChannel other = await MessageChannel.BindAsync(new UdpEndPoint(NewGroup(), Loopback.PortOf(first)), through).Within();
        await using MessageChannel opened = await Loopback.OpenAsync(first, through);
        await Loopback.SendAsync(opened, "to the group");
        foreach (MessageChannel member in (MessageChannel[])[first, second])
        {
            (string text, EndPoint? peer) = await Loopback.ReceiveAsync(member);
            Assert.Equal("to the group", text);
            await Loopback.SendAsync(member, "heard", peer);
            Assert.Equal("heard", (await Loopback.ReceiveAsync(opened)).Text);
        }

        Assert.False(other.TryReceive(new byte[20], out _));
    }

    /// <summary>Bound to one address, the group's messages come through its interface, and nothing else comes.</summary>
    [Fact]
    public async Task BindAsync_AnAddressAndAGroup_HearsTheGroupAlone()
    {
        IPAddress group = NewGroup();
        await using MessageChannel bound = await Loopback.BindAsync(options: new MessageChannelOptions { MulticastGroup = group });
        Assert.Equal(new UdpEndPoint(group, Loopback.PortOf(bound)), bound.LocalEndPoint);
        await using MessageChannel sender = await Loopback.BindAsync(options: new MessageChannelOptions { MulticastInterface = IPAddress.Loopback });
        await Loopback.SendAsync(sender, "to the machine", new UdpEndPoint(IPAddress.Loopback, Loopback.PortOf(bound)));
        await Loopback.SendAsync(sender, "to the group", bound.LocalEndPoint);
        Assert.Equal("to the group", (await Loopback.ReceiveAsync(bound)).Text);
    }

    [Fact]
    public async Task BindAsync_EveryAddressAndAGroup_HearsBoth()
    {
        IPAddress group = NewGroup();
        var through = new MessageChannelOptions { MulticastInterface = IPAddress.Loopback };
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Any, new MessageChannelOptions { MulticastGroup = group, MulticastInterface = IPAddress.Loopback });
        await using MessageChannel sender = await Loopback.BindAsync(options: through);
        await Loopback.SendAsync(sender, "to the machine", new UdpEndPoint(IPAddress.Loopback, Loopback.PortOf(bound)));
        Assert.Equal("to the machine", (await Loopback.ReceiveAsync(bound)).Text);
        await Loopback.SendAsync(sender, "to the group", new UdpEndPoint(group, Loopback.PortOf(bound)));
        Assert.Equal("to the group", (await Loopback.ReceiveAsync(bound)).Text);
    }

    /// <summary>What is sent to the machine goes to one of them: another user's program is none of them.</summary>
    [SkippableFact]
    public async Task BindAsync_EveryAddressAndAGroup_IsNotSharedWithAnotherUser()
    {
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Any, new MessageChannelOptions { MulticastGroup = NewGroup(), MulticastInterface = IPAddress.Loopback });

        SocketError refused = await OtherUser.RunAsync(() =>
        {
            using var thief = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            thief.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            return Assert.Throws<SocketException>(() => thief.Bind(new IPEndPoint(IPAddress.Any, Loopback.PortOf(bound)))).SocketErrorCode;
        });

        Assert.Equal(SocketError.AddressAlreadyInUse, refused);
    }

    /// <summary>Who did not join does not hear it, though somebody else on the machine did.</summary>
    [Fact]
    public async Task BindAsync_EveryAddressAndAnotherGroup_DoesNotHearIt()
    {
        var through = new MessageChannelOptions { MulticastInterface = IPAddress.Loopback };
        IPAddress group = NewGroup();
        await using MessageChannel other = await Loopback.BindAsync(IPAddress.Any, new MessageChannelOptions { MulticastGroup = NewGroup(), MulticastInterface = IPAddress.Loopback });
        await using MessageChannel bound = await MessageChannel.BindAsync(new UdpEndPoint(group, 0), through).Within();
        await using MessageChannel sender = await Loopback.BindAsync(options: through);
        await Loopback.SendAsync(sender, "x", new UdpEndPoint(group, Loopback.PortOf(other)));
        await Loopback.SendAsync(sender, "mine", new UdpEndPoint(IPAddress.Loopback, Loopback.PortOf(other)));
        Assert.Equal("mine", (await Loopback.ReceiveAsync(other)).Text);
    }

    [SkippableFact]
    public async Task BindAsync_AnIPv6Group_Receives()
    {
        var group = IPAddress.Parse("ff15::77");
        (MessageChannel bound, MessageChannel opened) = await OwnNetwork.RunAsync(TwoInterfaces, () =>
        {
            var through = new MessageChannelOptions { MulticastInterface = IPAddress.Parse("fd00:77::1") };
            MessageChannel receiver = Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Parse("fd00:77::1"), 0), new MessageChannelOptions { MulticastGroup = group }));
            return (receiver, Wait(MessageChannel.OpenAsync(receiver.LocalEndPoint!, through)));
        });
        await using (bound)
        await using (opened)
            await TalkAsync(opened, bound, isHeardAlone: false);
    }

    [SkippableFact]
    public async Task BindAsync_NoRouteToTheGroup_SaysSo()
    {
        Exception? failure = await OwnNetwork.RunAsync("true", () => Record.Exception(() => Wait(MessageChannel.BindAsync(new UdpEndPoint(IPAddress.Parse("239.1.2.3"), 0)))));
        var refused = Assert.IsType<ConnectionException>(failure);
        Assert.Equal(Step.Bind, refused.Step);
        Assert.Contains("no route says through which interface the group 239.1.2.3 is reached", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("239.7.7.7", "203.0.113.9")]
    [InlineData("ff15::7", "2001:db8::9")]
    public async Task BindAsync_NoSuchInterface_IsNotFound(string group, string through)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Loopback.BindAsync(IPAddress.Parse(group), new MessageChannelOptions { MulticastInterface = IPAddress.Parse(through) }));
        Assert.Equal((Step.Bind, Reason.NotFound), (failure.Step, failure.Reason));
        Assert.Contains($"no interface of this machine has the address {through}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_ThatDoNotFit_AreMistakes()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Loopback.BindAsync(options: new MessageChannelOptions { MulticastGroup = IPAddress.Loopback }));
        await Assert.ThrowsAsync<ArgumentException>(() => Loopback.BindAsync(IPAddress.IPv6Loopback, new MessageChannelOptions { MulticastGroup = NewGroup() }));
        await Assert.ThrowsAsync<ArgumentException>(() => Loopback.BindAsync(NewGroup(), new MessageChannelOptions { MulticastGroup = NewGroup() }));
        await Assert.ThrowsAsync<ArgumentException>(
            () => MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Loopback, 5), new MessageChannelOptions { MulticastGroup = NewGroup() }).Within());
    }

    // Who is bound to a group does not hear what is sent to it alone.
    private static async Task TalkAsync(MessageChannel opened, MessageChannel bound, bool isHeardAlone = true)
    {
        await Loopback.SendAsync(opened, "anybody?");
        (string text, EndPoint? peer) = await Loopback.ReceiveAsync(bound);
        Assert.Equal("anybody?", text);
        await Loopback.SendAsync(bound, "here", peer);
        (text, peer) = await Loopback.ReceiveAsync(opened);
        Assert.Equal("here", text);
        Assert.NotEqual(opened.RemoteEndPoint, peer);
        if (!isHeardAlone)
            return;
        await Loopback.SendAsync(opened, "you", peer);
        Assert.Equal("you", (await Loopback.ReceiveAsync(bound)).Text);
    }

    /// <summary>A group that no other test, in no other process, uses at the same time.</summary>
    private static IPAddress NewGroup()
        => new([239, 77, (byte)Environment.ProcessId, (byte)(Interlocked.Increment(ref _groups) + (Environment.ProcessId >> 8 << 5))]);

    // On the thread that lives in the other network: nothing is looked up, so nothing waits.
    private static MessageChannel Wait(ValueTask<MessageChannel> made)
    {
        Assert.True(made.IsCompleted);
        return made.AsTask().GetAwaiter().GetResult();
    }
}
