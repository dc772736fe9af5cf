using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>Options with one value, which says what is wrong with a text that is none.</summary>
internal static class TextOption
{
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="helpName">What stands for the value in the help.</param>
    /// <param name="parse">The value of a text; <see langword="null"/> where it has none.</param>
    /// <param name="wrong">Follows the name and such a text.</param>
    internal static Option<T> Create<T>(string name, string description, string helpName, Func<string, T> parse, string wrong) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = argument =>
        {
            string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
            T value = parse(text);
            if (value is null)
                argument.AddError($"{name}: '{text}' {wrong}");
            return value;
        },
    };
}
