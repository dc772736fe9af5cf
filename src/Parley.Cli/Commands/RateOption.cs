using System.CommandLine;
using System.CommandLine.Parsing;

namespace Parley.Cli.Commands;

/// <summary><c>--rate-limit</c>: bytes a second.</summary>
internal static class RateOption
{
    private const string Name = "--rate-limit";

    internal static Option<long?> Create() => new(Name)
    {
        Description = "Move at most so many bytes a second in each direction of each conversation; " + SizeText.Suffixes,
        HelpName = "RATE",
        CustomParser = Parse,
    };

    private static long? Parse(ArgumentResult argument)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (SizeText.TryParse(text, out long rate))
            return rate;
        argument.AddError($"{Name}: '{text}' is no rate: bytes a second of at least 1, such as 500k or 10M; {SizeText.Suffixes}");
        return null;
    }
}
