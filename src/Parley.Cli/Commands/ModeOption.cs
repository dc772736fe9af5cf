using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>An option with permissions in octal.</summary>
internal static class ModeOption
{
    internal static Option<UnixFileMode?> Create(string description)
        => TextOption.Create("--mode", description, "MODE", Parse, "is no mode in octal between 0 and 0777");

    private static UnixFileMode? Parse(string text)
        => text.Length is > 0 and <= 4 && text.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(text, 8) is var mode and <= 0x1FF ? (UnixFileMode)mode : null;
}
