using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>Where UDP datagrams go to or come from (<c>udp://host:port</c>).</summary>
/// <remarks>
/// <para>A channel that is opened to one address hears its peer alone. Where nobody receives, the next call but the one that sent tells
/// <see cref="Reason.Refused"/>, and the channel goes on; a call that sends has then sent nothing. Opened to a multicast group or a
/// broadcast address, it hears whoever answers.</para>
/// <para>A channel that is bound hears everybody, and sends to the <see cref="MessageHeader.Peer"/> of the header: without one, sending is an
/// <see cref="ArgumentException"/>. Bound to every IPv6 address it hears IPv4 as well, unless the system says otherwise.</para>
/// <para>Datagrams may be lost, doubled or overtaken on a network, and lost on one machine where the receiver is slow:
/// <see cref="MessageStatistics.Dropped"/> counts these.</para>
/// <para>Those of <see cref="MessageChannel.SendBatchAsync"/> that follow each other with one size (the last may be shorter), up to 64 of them and
/// 65507 bytes, go through the kernel together, four times as many a second; on the network, and to receivers that know nothing of it, each
/// is a datagram of its own. Once <see cref="MessageChannel.ReceiveBatchAsync"/> was called, a channel also takes together what came
/// together, and has 1 MiB of memory of its own for it. The kernel has room for all of these or for none. Where it cannot (Linux before 4.18 and 5.0, datagrams larger than a packet
/// of the interface), each goes by itself.</para>
/// </remarks>
public sealed class UdpEndPoint : EndPoint
{
    /// <summary>An address or a host name, and a port.</summary>
    /// <param name="address">An <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</param>
    /// <exception cref="ArgumentException">It is another kind of endpoint.</exception>
    public UdpEndPoint(EndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Address = address is IPEndPoint or DnsEndPoint
            ? address
            : throw new ArgumentException("UDP has an IP address or a host name, and a port.", nameof(address));
    }

    /// <summary>An address and a port.</summary>
    /// <param name="address">The address.</param>
    /// <param name="port">The port, 0 to 65535.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such port.</exception>
    public UdpEndPoint(IPAddress address, int port)
        : this(new IPEndPoint(address, port))
    {
    }

    /// <summary>The address and port: an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</summary>
    public EndPoint Address { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => Address.AddressFamily;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is UdpEndPoint other && other.Address.Equals(Address);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(nameof(UdpEndPoint), Address);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => Address is DnsEndPoint name ? $"udp://{name.Host}:{name.Port}" : $"udp://{Address}";
}
