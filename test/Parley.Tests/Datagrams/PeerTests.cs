using System.Net;

namespace Parley.Tests.Datagrams;

/// <summary>Who sent a message, and answering it.</summary>
public sealed class PeerTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task ReceiveAsync_Bound_SaysWhoSentItAndCanAnswer(string address)
    {
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.Parse(address));
        await using MessageChannel first = await Loopback.OpenAsync(bound);
        await using MessageChannel second = await Loopback.OpenAsync(bound);
        Assert.Null(bound.RemoteEndPoint);
        Assert.Equal(bound.LocalEndPoint, first.RemoteEndPoint);
        foreach (MessageChannel sender in (MessageChannel[])[first, second, first])
        {
            await Loopback.SendAsync(sender, "question");
            (string text, EndPoint? peer) = await Loopback.ReceiveAsync(bound);
            Assert.Equal(("question", sender.LocalEndPoint), (text, peer));
            await Loopback.SendAsync(bound, "answer", peer);
            Assert.Equal(("answer", bound.LocalEndPoint), await Loopback.ReceiveAsync(sender));
        }
    }

    [Fact]
    public async Task ReceiveAsync_TheSameSender_IsTheSameEndPoint()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel sender = await Loopback.OpenAsync(bound);
        await Loopback.SendAsync(sender, "one");
        await Loopback.SendAsync(sender, "two");
        (_, EndPoint? first) = await Loopback.ReceiveAsync(bound);
        (_, EndPoint? second) = await Loopback.ReceiveAsync(bound);
        Assert.Same(first, second);
    }

    /// <summary>More than are remembered at a time.</summary>
    [Fact]
    public async Task ReceiveAsync_ManySenders_EachIsKnown()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        for (int i = 0; i < 300; i++)
        {
            await using MessageChannel sender = await Loopback.OpenAsync(bound);
            await Loopback.SendAsync(sender, $"{i}");
            Assert.Equal(($"{i}", sender.LocalEndPoint), await Loopback.ReceiveAsync(bound));
        }
    }

    [Fact]
    public async Task SendAsync_BoundWithoutAPeer_IsAMistake()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => bound.SendAsync(new byte[1]).Within());
        await Assert.ThrowsAsync<ArgumentException>(() => bound.SendBatchAsync(new ReadOnlyMemory<byte>[1]).Within());
        Assert.Throws<ArgumentException>(() => bound.TrySend(new byte[1]));
        Assert.Throws<ArgumentException>(() => bound.Send(new byte[1], default, TimeSpan.Zero));
    }

    [Fact]
    public async Task SendAsync_ToWhatADatagramCannotReach_IsAMistake()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        foreach (EndPoint peer in (EndPoint[])[new UdpEndPoint(new DnsEndPoint("localhost", 5)), new MemoryEndPoint("m"), new UdpEndPoint(IPAddress.IPv6Loopback, 5)])
            await Assert.ThrowsAsync<ArgumentException>(() => Loopback.SendAsync(bound, "x", peer));
    }

    [Fact]
    public async Task SendAsync_ToAnIPEndPoint_Arrives()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel other = await Loopback.BindAsync();
        await Loopback.SendAsync(bound, "plain", new IPEndPoint(IPAddress.Loopback, Loopback.PortOf(other)));
        Assert.Equal(("plain", bound.LocalEndPoint), await Loopback.ReceiveAsync(other));
    }

    /// <summary>As a TCP listener does, one bound to every IPv6 address hears IPv4 too.</summary>
    [Fact]
    public async Task BindAsync_EveryIPv6Address_TalksToIPv4Too()
    {
        await using MessageChannel bound = await Loopback.BindAsync(IPAddress.IPv6Any);
        await using MessageChannel sender = await MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Loopback, Loopback.PortOf(bound))).Within();
        await Loopback.SendAsync(sender, "four");
        (string text, EndPoint? peer) = await Loopback.ReceiveAsync(bound);
        Assert.Equal(("four", sender.LocalEndPoint), (text, peer));
        await Loopback.SendAsync(bound, "six", peer);
        Assert.Equal("six", (await Loopback.ReceiveAsync(sender)).Text);
    }

    [Fact]
    public async Task ReceiveAsync_Opened_HearsItsPeerAlone()
    {
        await using MessageChannel bound = await Loopback.BindAsync();
        await using MessageChannel opened = await Loopback.OpenAsync(bound);
        await using MessageChannel stranger = await Loopback.BindAsync();
        await Loopback.SendAsync(stranger, "from a stranger", opened.LocalEndPoint);
        await Loopback.SendAsync(bound, "from the peer", opened.LocalEndPoint);
        Assert.Equal(("from the peer", bound.LocalEndPoint), await Loopback.ReceiveAsync(opened));
        Assert.False(opened.TryReceive(new byte[100], out _));
    }
}
