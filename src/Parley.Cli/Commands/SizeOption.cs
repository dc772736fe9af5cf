using System.CommandLine;
using System.CommandLine.Parsing;

namespace Parley.Cli.Commands;

/// <summary>Options with a number of bytes.</summary>
internal static class SizeOption
{
    internal static Option<int?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = argument => Parse(argument, name),
    };

    private static int? Parse(ArgumentResult argument, string name)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (SizeText.TryParse(text, out long size) && size <= int.MaxValue)
            return (int)size;
        argument.AddError($"{name}: '{text}' is no number of bytes from 1 to {int.MaxValue}; {SizeText.Suffixes}");
        return null;
    }
}
