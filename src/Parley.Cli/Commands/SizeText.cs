using System.Globalization;

namespace Parley.Cli.Commands;

/// <summary>Numbers of bytes, with the suffixes that pv has, in either case: k, M and G stand for 1024, 1024² and 1024³.</summary>
internal static class SizeText
{
    /// <summary>What may stand behind the number, in words.</summary>
    internal const string Suffixes = "k, M and G, small or capital, stand for 1024, 1024² and 1024³";

    private const double Largest = 1L << 50;

    /// <returns>Whether it is a number of bytes of at least 1.</returns>
    internal static bool TryParse(string text, out long bytes)
    {
        double unit = text.Length == 0 ? 1 : text[^1] switch
        {
            'k' or 'K' => 1L << 10,
            'm' or 'M' => 1L << 20,
            'g' or 'G' => 1L << 30,
            _ => 1,
        };
        string number = unit > 1 ? text[..^1] : text;
        bool isSize = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count) && count * unit is >= 1 and <= Largest;
        bytes = isSize ? (long)(count * unit) : 0;
        return isSize;
    }
}
