using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Parley.Cli.Commands;

/// <summary>Options with a time in seconds, fractions allowed.</summary>
internal static class TimeOption
{
    private const double MaxSeconds = 2_000_000;

    internal static Option<TimeSpan?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SECONDS",
        CustomParser = argument => Parse(argument, name),
    };

    internal static TimeSpan Infinite(this TimeSpan? time) => time ?? Timeout.InfiniteTimeSpan;

    private static TimeSpan? Parse(ArgumentResult argument, string name)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= MaxSeconds)
            return TimeSpan.FromSeconds(seconds);
        argument.AddError($"{name}: '{text}' is no time in seconds: more than 0, at most {MaxSeconds:0}");
        return null;
    }
}
