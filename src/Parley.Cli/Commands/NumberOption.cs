using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Parley.Cli.Commands;

/// <summary>Options with a whole number.</summary>
internal static class NumberOption
{
    internal static Option<int?> Create(string name, string description, int atLeast) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = argument => Parse(argument, name, atLeast),
    };

    private static int? Parse(ArgumentResult argument, string name, int atLeast)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= atLeast)
            return number;
        argument.AddError($"{name}: '{text}' is no whole number of at least {atLeast}");
        return null;
    }
}
