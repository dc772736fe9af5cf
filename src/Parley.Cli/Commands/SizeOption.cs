using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>Options with a number of bytes.</summary>
internal static class SizeOption
{
    internal static Option<int?> Create(string name, string description)
        => TextOption.Create(name, description, "SIZE", Parse, $"is no number of bytes from 1 to {int.MaxValue}; {SizeText.Suffixes}");

    private static int? Parse(string text) => SizeText.TryParse(text, out long size) && size <= int.MaxValue ? (int)size : null;
}
