using System.CommandLine;
using System.CommandLine.Parsing;

namespace Parley.Cli.Commands;

/// <summary>An option with permissions in octal.</summary>
internal static class ModeOption
{
    internal static Option<UnixFileMode?> Create(string description) => new("--mode")
    {
        Description = description,
        HelpName = "MODE",
        CustomParser = Parse,
    };

    private static UnixFileMode? Parse(ArgumentResult argument)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (text.Length is > 0 and <= 4 && text.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(text, 8) is var mode and <= 0x1FF)
            return (UnixFileMode)mode;
        argument.AddError($"--mode: '{text}' is no mode in octal between 0 and 0777");
        return null;
    }
}
