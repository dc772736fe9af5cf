using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>Options with one word out of a few.</summary>
internal static class WordOption
{
    internal static Option<T?> Create<T>(string name, string description, params (string Word, T Value)[] words)
        where T : struct => TextOption.Create(
            name,
            description,
            string.Join('|', words.Select(static word => word.Word)),
            text => Parse(text, words),
            $"is none of {string.Join(", ", words.Select(static word => word.Word))}");

    private static T? Parse<T>(string text, (string Word, T Value)[] words)
        where T : struct
    {
        foreach ((string word, T value) in words)
        {
            if (text == word)
                return value;
        }

        return null;
    }
}
