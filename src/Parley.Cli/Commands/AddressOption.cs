using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;

namespace Parley.Cli.Commands;

/// <summary>Options with the address of a multicast group.</summary>
internal static class AddressOption
{
    internal static Option<IPAddress?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "ADDRESS",
        CustomParser = argument => Parse(argument, name),
    };

    private static IPAddress? Parse(ArgumentResult argument, string name)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (IPAddress.TryParse(text, out IPAddress? address) && IsGroup(address))
            return address;
        argument.AddError($"{name}: '{text}' is no address of a multicast group: those are 224.0.0.0 to 239.255.255.255, and ff00::/8");
        return null;
    }

    private static bool IsGroup(IPAddress address)
        => address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 and <= 239);
}
