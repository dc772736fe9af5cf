using System.Text;

namespace Parley.Cli.Output;

/// <summary>Keeps what others wrote from steering the terminal.</summary>
internal static class PlainText
{
    /// <summary>A text as one line without control characters.</summary>
    internal static string OneLine(string text)
    {
        if (!text.Any(char.IsControl))
            return text;
        var plain = new StringBuilder(text.Length + 8);
        foreach (char character in text)
        {
            if (char.IsControl(character))
                plain.Append($"\\x{(int)character:x2}");
            else
                plain.Append(character);
        }

        return plain.ToString();
    }
}
