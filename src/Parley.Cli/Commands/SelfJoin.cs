using System.Net;
using System.Net.Sockets;

namespace Parley.Cli.Commands;

/// <summary>
/// Whether a relay would be its own target, and its first client make connections to itself until the descriptors are used up. Decided by
/// what is written: names are not looked up.
/// </summary>
internal static class SelfJoin
{
    private const string Localhost = "localhost";

    private static readonly IPAddress[] Loopbacks = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    internal static bool IsMade(EndPoint local, EndPoint remote) => (local, remote) switch
    {
        (TlsEndPoint here, TlsEndPoint there) => IsMade(here.Address, there.Address),
        (UnixDomainSocketEndPoint here, UnixDomainSocketEndPoint there) => NameOf(here) == NameOf(there),
        _ when Port(local) is int port => port != 0 && port == Port(remote) && IsSameHost(local, remote),
        _ => local.Equals(remote),
    };

    private static string NameOf(UnixDomainSocketEndPoint endPoint)
        => endPoint.ToString() is var name && name.StartsWith('@') ? name : Path.GetFullPath(name);

    private static int? Port(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint ip => ip.Port,
        DnsEndPoint name => name.Port,
        _ => null,
    };

    private static bool IsSameHost(EndPoint local, EndPoint remote) => (local, remote) switch
    {
        (IPEndPoint here, IPEndPoint there) => Includes(here.Address, there.Address),
        (IPEndPoint here, DnsEndPoint there) => IsLocalhost(there) && Loopbacks.Any(loopback => Includes(here.Address, loopback)),
        (DnsEndPoint here, IPEndPoint there) => IsLocalhost(here) && Loopbacks.Any(loopback => Includes(loopback, there.Address)),
        (DnsEndPoint here, DnsEndPoint there) => string.Equals(here.Host, there.Host, StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private static bool IsLocalhost(DnsEndPoint name) => string.Equals(name.Host, Localhost, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a listener on one address is reached by connecting to another. On every IPv6 address it is on every IPv4 one too.</summary>
    private static bool Includes(IPAddress listening, IPAddress target)
    {
        // To connect to no address in particular is to connect to this machine.
        if (target.Equals(IPAddress.Any))
            target = IPAddress.Loopback;
        else if (target.Equals(IPAddress.IPv6Any))
            target = IPAddress.IPv6Loopback;
        if (listening.Equals(target))
            return true;
        return IPAddress.IsLoopback(target)
            && (listening.Equals(IPAddress.IPv6Any) || (listening.Equals(IPAddress.Any) && target.AddressFamily == AddressFamily.InterNetwork));
    }
}
