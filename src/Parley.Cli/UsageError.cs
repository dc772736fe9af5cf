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
        string verb = parsed.CommandResult.Parent is null ? "" : parsed.CommandResult.Command.Name + " ";
        string? meant = parsed.CommandResult.Parent is null && parsed.UnmatchedTokens.Count > 0
            ? Spelling.Nearest(parsed.UnmatchedTokens[0], parsed.CommandResult.Command.Subcommands.Where(static verb => !verb.Hidden).Select(static verb => verb.Name))
            : null;
        if (meant is null && parsed.UnmatchedTokens.Count > 0 && parsed.Tokens.Any(static token => ProgramWords.IsEndPoint(token.Value) || token.Value == ProgramWords.Option))
            Print(Describe(parsed), "a program and its arguments stand at the end, behind --");
        else
            Print(Describe(parsed), meant is null ? $"see: parley {verb}--help" : $"did you mean parley {meant} ?");
        return ExitCode.WrongUsage;
    }

    internal static void Print(string problem, string? hint)
    {
        StandardError.WriteLine("parley: " + problem);
        if (hint is not null)
            StandardError.WriteLine("  hint: " + hint);
    }

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
