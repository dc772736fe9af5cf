using System.CommandLine;
using System.Globalization;

namespace Parley.Cli.Commands;

/// <summary>Options with a time in seconds, fractions allowed.</summary>
internal static class TimeOption
{
    private const double MaxSeconds = 2_000_000;

    internal static Option<TimeSpan?> Create(string name, string description)
        => TextOption.Create(name, description, "SECONDS", Parse, $"is no time in seconds: more than 0, at most {MaxSeconds:0}");

    internal static TimeSpan Infinite(this TimeSpan? time) => time ?? Timeout.InfiniteTimeSpan;

    private static TimeSpan? Parse(string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= MaxSeconds ? TimeSpan.FromSeconds(seconds) : null;
}
