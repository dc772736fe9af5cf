using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>Options with a number of bytes.</summary>
internal static class SizeOption
{
    internal static Option<int?> Create(string name, string description, int most = int.MaxValue)
        => TextOption.Create(name, description, "SIZE", text => Parse(text, most), $"is no number of bytes from 1 to {most}; {SizeText.Suffixes}");

    private static int? Parse(string text, int most) => SizeText.TryParse(text, out long size) && size <= most ? (int)size : null;
}
