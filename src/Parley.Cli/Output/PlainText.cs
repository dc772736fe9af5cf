using System.Text;

namespace Parley.Cli.Output;

/// <summary>Keeps what others wrote from steering the terminal.</summary>
internal static class PlainText
{
    /// <summary>A text as one line without control characters, and without those that change its direction.</summary>
    internal static string OneLine(string text)
    {
        if (!text.Any(Steers))
            return text;
        var plain = new StringBuilder(text.Length + 8);
        foreach (char character in text)
        {
            if (Steers(character))
                plain.Append($"\\x{(int)character:x2}");
            else
                plain.Append(character);
        }

        return plain.ToString();
    }

    private static bool Steers(char character) => char.IsControl(character) || character is '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
