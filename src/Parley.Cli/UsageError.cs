using System.CommandLine;
using System.CommandLine.Parsing;
using Parley.Cli.Commands;
using Parley.Cli.Output;

namespace Parley.Cli;

/// <summary>Says what is wrong with the words on the command line.</summary>
internal static class UsageError
{
    internal static int Print(ParseResult parsed)
    {
        (string problem, string hint) = UnknownOption(parsed) is { } option ? OfOption(parsed, option) : OfWords(parsed);
        Print(problem, hint);
        return ExitCode.WrongUsage;
    }

    private static (string Problem, string Hint) OfWords(ParseResult parsed)
    {
        string? meant = parsed.CommandResult.Parent is null && parsed.UnmatchedTokens.Count > 0
            ? Spelling.Nearest(parsed.UnmatchedTokens[0], parsed.CommandResult.Command.Subcommands.Where(static verb => !verb.Hidden).Select(static verb => verb.Name))
            : null;
        if (meant is not null)
            return (Describe(parsed), $"did you mean parley {meant} ?");
        bool hasProgram = parsed.UnmatchedTokens.Count > 0 && parsed.Tokens.Any(static token => ProgramWords.IsEndPoint(token.Value) || token.Value == ProgramWords.Option);
        return (Describe(parsed), hasProgram ? "a program and its arguments stand at the end, behind --" : SeeHelp(parsed));
    }

    private static (string Problem, string Hint) OfOption(ParseResult parsed, string option)
    {
        string? near = Spelling.Nearest(option, parsed.CommandResult.Command.Options.Where(static known => !known.Hidden).Select(static known => known.Name));
        return ($"unknown option {option}", near is null ? SeeHelp(parsed) : $"did you mean {near} ?");
    }

    private static string SeeHelp(ParseResult parsed)
        => $"see: parley {(parsed.CommandResult.Parent is null ? "" : parsed.CommandResult.Command.Name + " ")}--help";

    internal static void Print(string problem, string? hint)
    {
        StandardError.WriteLine("parley: " + problem);
        if (hint is not null)
            StandardError.WriteLine("  hint: " + hint);
    }

    // Whatever is no option is taken for an argument, and the word behind it for one too many.
    private static string? UnknownOption(ParseResult parsed)
        => parsed.UnmatchedTokens.Count == 0
            ? null
            : parsed.Tokens.TakeWhile(static token => token.Type != TokenType.DoubleDash)
                .FirstOrDefault(static token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal))?.Value.Split('=')[0];

    private static string Describe(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count > 0)
            return parsed.CommandResult.Parent is null ? $"unknown verb '{parsed.UnmatchedTokens[0]}'" : $"unknown argument '{parsed.UnmatchedTokens[0]}'";
        if (parsed.CommandResult.Parent is null)
            return "a verb is missing";
        ParseError error = parsed.Errors[0];
        if (error.SymbolResult is ArgumentResult { Tokens.Count: 0 } missing)
            return $"{missing.Argument.Name} is missing";
        if (error.SymbolResult is OptionResult { Tokens.Count: 0, IdentifierToken: { } option })
            return $"option {option.Value} needs a value";
        string text = error.Message.TrimEnd('.');
        return text.Length > 0 ? char.ToLowerInvariant(text[0]) + text[1..] : "wrong usage";
    }
}
