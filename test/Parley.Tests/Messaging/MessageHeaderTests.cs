using System.Net;

namespace Parley.Tests.Messaging;

/// <summary>What goes with a message is kept in one reference: each of its parts must come out as it went in, whichever others there are.</summary>
public sealed class MessageHeaderTests
{
    private static readonly IPEndPoint _peer = new(IPAddress.Loopback, 7);
    private static readonly Dictionary<string, string> _properties = new() { ["name"] = "value" };

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void PeerAndProperties_InEitherOrder_AreThere(bool hasPeer, bool hasProperties)
    {
        IPEndPoint? peer = hasPeer ? _peer : null;
        Dictionary<string, string>? properties = hasProperties ? _properties : null;
        var header = new MessageHeader { Priority = 3, Peer = peer, Properties = properties };
        Assert.Equal((3, peer, properties), (header.Priority, header.Peer, header.Properties));
        Assert.Equal(header, new MessageHeader { Properties = properties, Peer = peer, Priority = 3 });
        Assert.Equal(hasPeer, header != (header with { Peer = null }));
        Assert.Equal(hasProperties, header != (header with { Properties = null }));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, true, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, true)]
    public void Received_EachPart_IsThere(bool hasPeer, bool hasProperties, bool hasDelivery)
    {
        var header = new MessageHeader { Priority = 5, Peer = hasPeer ? _peer : null, Properties = hasProperties ? _properties : null };
        MessageDelivery? delivery = hasDelivery ? new NoDelivery() : null;
        var received = new ReceivedMessage(9, header) { Delivery = delivery };
        Assert.Equal((9, header, false), (received.Length, received.Header, received.IsEnd));
        Assert.Same(delivery, received.Delivery);
        (int length, MessageHeader its) = received;
        Assert.Equal((9, header), (length, its));
        ReceivedMessage other = received with { Header = new MessageHeader { Peer = _peer } };
        Assert.Same(delivery, other.Delivery);
        Assert.Equal(new MessageHeader { Peer = _peer }, other.Header);
        Assert.Equal(received, new ReceivedMessage(9, header) { Delivery = delivery });
    }

    [Fact]
    public void End_IsAnEnd_AndHasNothingElse()
    {
        ReceivedMessage end = ReceivedMessage.End;
        Assert.True(end.IsEnd);
        Assert.Equal((0, default), (end.Length, end.Header));
        Assert.Null(end.Delivery);
        Assert.NotEqual(new ReceivedMessage(0, default), end);
        Assert.False((end with { IsEnd = false }).IsEnd);
    }

    private sealed class NoDelivery : MessageDelivery
    {
        public override bool IsRedelivered => false;

        public override ValueTask AcknowledgeAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override ValueTask RequeueAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override ValueTask RejectAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
