using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley;

/// <summary>
/// A queue on a broker that speaks AMQP 0-9-1, such as RabbitMQ: <c>amqp://host?queue=orders</c>, in full
/// <c>amqps://user:password@host:port/vhost?queue=name</c>. The package Parley.RabbitMQ carries what goes there.
/// </summary>
/// <remarks>
/// Written as AMQP's URI specification has it: what is special in a URI is percent-encoded in a user, a password, a virtual host and a queue's name. <see cref="ToString"/> leaves the
/// password out, and endpoints that differ only in that are equal.
/// </remarks>
public sealed class AmqpEndPoint : EndPoint
{
    /// <summary>The port of <c>amqp:</c>.</summary>
    public const int DefaultPort = 5672;

    /// <summary>The port of <c>amqps:</c>.</summary>
    public const int DefaultSecurePort = 5671;

    /// <summary>The virtual host where none is named.</summary>
    public const string DefaultVirtualHost = "/";

    private const int MaxNameBytes = 255;

    /// <summary>Names a queue.</summary>
    /// <param name="address">The broker: an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>. Port 0 stands for the default one.</param>
    /// <param name="queue">The queue's name: 1 to 255 bytes of UTF-8.</param>
    /// <param name="isSecure">Whether the conversation is encrypted (<c>amqps:</c>). Default <see langword="false"/>.</param>
    /// <exception cref="ArgumentException">The address is of another kind, or the name too short or too long.</exception>
    public AmqpEndPoint(EndPoint address, string queue, bool isSecure = false)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentException.ThrowIfNullOrEmpty(queue);
        int port = isSecure ? DefaultSecurePort : DefaultPort;
        Address = address switch
        {
            IPEndPoint { Port: 0 } ip => new IPEndPoint(ip.Address, port),
            DnsEndPoint { Port: 0 } name => new DnsEndPoint(name.Host, port),
            IPEndPoint or DnsEndPoint => address,
            _ => throw new ArgumentException("A broker has an IP address or a host name, and a port.", nameof(address)),
        };
        Queue = Checked(queue, "A queue's name", nameof(queue));
        IsSecure = isSecure;
    }

    /// <summary>The broker's address and port: an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</summary>
    public EndPoint Address { get; }

    /// <summary>Whether the conversation is encrypted, and the broker proves who it is (<c>amqps:</c>).</summary>
    public bool IsSecure { get; }

    /// <summary>The queue's name.</summary>
    public string Queue { get; }

    /// <summary>The virtual host, in which the queue is. Default <c>/</c>, the one that a broker begins with. 1 to 255 bytes of UTF-8.</summary>
    public string VirtualHost
    {
        get;
        init => field = Checked(value, "A virtual host's name", nameof(value));
    } = DefaultVirtualHost;

    /// <summary>Who this side is, where the endpoint says so. Default <see langword="null"/>.</summary>
    public string? UserName { get; init; }

    /// <summary>This user's password, where the endpoint has it: never written, and no part of what makes endpoints equal. Default <see langword="null"/>.</summary>
    public string? Password { get; init; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => Address.AddressFamily;

    /// <summary>The broker's host, as a certificate names it.</summary>
    internal string Host => Address is DnsEndPoint name ? name.Host : ((IPEndPoint)Address).Address.ToString();

    internal int Port => Address is DnsEndPoint name ? name.Port : ((IPEndPoint)Address).Port;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AmqpEndPoint other
        && other.Address.Equals(Address) && other.Queue == Queue && other.IsSecure == IsSecure && other.VirtualHost == VirtualHost && other.UserName == UserName;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Queue, IsSecure, VirtualHost, UserName);

    /// <summary>The endpoint as it is written, without the password.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(IsSecure ? Schemes.Amqps : Schemes.Amqp).Append("://");
        if (UserName is not null)
            text.Append(Uri.EscapeDataString(UserName)).Append('@');
        text.Append(Address is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } ? $"[{Host}]" : Host);
        if (Port != (IsSecure ? DefaultSecurePort : DefaultPort))
            text.Append(':').Append(Port);
        if (VirtualHost != DefaultVirtualHost)
            text.Append('/').Append(Uri.EscapeDataString(VirtualHost));
        return text.Append("?queue=").Append(Uri.EscapeDataString(Queue)).ToString();
    }

    private static string Checked(string name, string what, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        int length = Encoding.UTF8.GetByteCount(name);
        return length <= MaxNameBytes && !name.Contains('\0')
            ? name
            : throw new ArgumentException($"{what} has at most {MaxNameBytes} bytes, and no NUL; this one has {length} bytes.", parameter);
    }
}
