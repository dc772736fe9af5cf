using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>Options with an IP address.</summary>
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
        if (IPAddress.TryParse(text, out IPAddress? address))
            return address;
        argument.AddError($"{name}: '{text}' is no IP address");
        return null;
    }
}
