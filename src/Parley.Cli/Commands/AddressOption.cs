using System.CommandLine;
using System.Net;
using System.Net.Sockets;

namespace Parley.Cli.Commands;

/// <summary>Options with the address of a multicast group.</summary>
internal static class AddressOption
{
    internal static Option<IPAddress?> Create(string name, string description) => TextOption.Create(
        name, description, "ADDRESS", Parse, "is no address of a multicast group: those are 224.0.0.0 to 239.255.255.255, and ff00::/8");

    private static IPAddress? Parse(string text) => IPAddress.TryParse(text, out IPAddress? address) && IsGroup(address) ? address : null;

    private static bool IsGroup(IPAddress address)
        => address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 and <= 239);
}
