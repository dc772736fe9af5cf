using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>Where UDP datagrams go to or come from (<c>udp://host:port</c>).</summary>
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
