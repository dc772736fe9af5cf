using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>A TCP address whose conversations are encrypted and whose server, at least, proves who it is (<c>tls://host:port</c>).</summary>
/// <remarks>How is said by <see cref="ConnectionOptions.Tls"/>. TLS over another stream: <see cref="Connection.SecureAsClientAsync"/>.</remarks>
public sealed class TlsEndPoint : EndPoint
{
    /// <summary>An address or a host name, and a port.</summary>
    /// <param name="address">An <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</param>
    /// <exception cref="ArgumentException">It is another kind of endpoint.</exception>
    public TlsEndPoint(EndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Address = address is IPEndPoint or DnsEndPoint
            ? address
            : throw new ArgumentException("TLS here has an IP address or a host name, and a port.", nameof(address));
    }

    /// <summary>The address and port: an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</summary>
    public EndPoint Address { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => Address.AddressFamily;

    /// <summary>The host as a certificate names it.</summary>
    internal string Host => Address is DnsEndPoint name ? name.Host : ((IPEndPoint)Address).Address.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TlsEndPoint other && other.Address.Equals(Address);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(nameof(TlsEndPoint), Address);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => Address is DnsEndPoint name ? $"tls://{name.Host}:{name.Port}" : $"tls://{Address}";
}
