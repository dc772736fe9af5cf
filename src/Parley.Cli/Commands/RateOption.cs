using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary><c>--rate-limit</c>: bytes a second.</summary>
internal static class RateOption
{
    internal static Option<long?> Create() => TextOption.Create(
        "--rate-limit",
        "Move at most so many bytes a second in each direction of each conversation; " + SizeText.Suffixes,
        "RATE",
        Parse,
        "is no rate: bytes a second of at least 1, such as 500k or 10M; " + SizeText.Suffixes);

    private static long? Parse(string text) => SizeText.TryParse(text, out long rate) ? rate : null;
}
