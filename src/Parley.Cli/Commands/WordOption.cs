using System.CommandLine;
using System.CommandLine.Parsing;

namespace Parley.Cli.Commands;

/// <summary>Options with one word out of a few.</summary>
internal static class WordOption
{
    internal static Option<T?> Create<T>(string name, string description, params (string Word, T Value)[] words)
        where T : struct => new(name)
        {
            Description = description,
            HelpName = string.Join('|', words.Select(static word => word.Word)),
            CustomParser = argument => Parse(argument, name, words),
        };

    private static T? Parse<T>(ArgumentResult argument, string name, (string Word, T Value)[] words)
        where T : struct
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        foreach ((string word, T value) in words)
        {
            if (text == word)
                return value;
        }

        argument.AddError($"{name}: '{text}' is none of {string.Join(", ", words.Select(static word => word.Word))}");
        return null;
    }
}
