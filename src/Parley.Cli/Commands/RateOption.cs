using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Parley.Cli.Commands;

/// <summary><c>--rate-limit</c>: bytes a second, with the suffixes that pv has.</summary>
internal static class RateOption
{
    private const string Name = "--rate-limit";
    private const double Largest = 1L << 50;

    internal static Option<long?> Create() => new(Name)
    {
        Description = "Move at most so many bytes a second in each direction of each conversation; k, M and G stand for 1024, 1024² and 1024³",
        HelpName = "RATE",
        CustomParser = Parse,
    };

    private static long? Parse(ArgumentResult argument)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        double unit = text.Length == 0 ? 1 : text[^1] switch
        {
            'k' or 'K' => 1L << 10,
            'M' => 1L << 20,
            'G' => 1L << 30,
            _ => 1,
        };
        string number = unit > 1 ? text[..^1] : text;
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count) && count * unit is >= 1 and <= Largest)
            return (long)(count * unit);
        argument.AddError($"{Name}: '{text}' is no rate: bytes a second of at least 1, such as 500k or 10M");
        return null;
    }
}
