using System.CommandLine;
using System.Globalization;

namespace Parley.Cli.Commands;

/// <summary>Options with a whole number.</summary>
internal static class NumberOption
{
    internal static Option<int?> Create(string name, string description, int atLeast)
        => TextOption.Create(name, description, "N", text => Parse(text, atLeast), $"is no whole number of at least {atLeast}");

    private static int? Parse(string text, int atLeast)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= atLeast ? number : null;
}
