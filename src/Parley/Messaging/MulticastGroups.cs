using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>Which addresses are groups.</summary>
internal static class MulticastGroups
{
    internal static bool Has(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.AddressFamily == AddressFamily.InterNetwork
            ? address.TryWriteBytes(bytes, out _) && bytes[0] is >= 224 and <= 239
            : address.IsIPv6Multicast;
    }
}
