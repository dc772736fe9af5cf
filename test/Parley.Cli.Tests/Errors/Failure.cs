using System.Text.RegularExpressions;

namespace Parley.Cli.Tests.Errors;

/// <summary>How every failure looks: one line with the cause, perhaps a second one with a hint, nothing on standard output.</summary>
internal static partial class Failure
{
    public const string None = "none";

    /// <param name="result">What the command did.</param>
    /// <param name="exit">The exit code, or several with a bar between them.</param>
    /// <param name="cause">A pattern for the first line.</param>
    /// <param name="hint">A pattern for the second line; empty where a hint may or may not be, <see cref="None"/> where there must be none.</param>
    /// <param name="afterReady">The command has said that it listens before it failed.</param>
    public static void MustBe(CommandResult result, string exit, string cause, string hint = "", bool afterReady = false)
    {
        string[] lines = afterReady ? result.ErrorLines[1..] : result.ErrorLines;
        Assert.True(exit.Split('|').Contains($"{result.ExitCode}", StringComparer.Ordinal), $"expected exit code {exit}: {result}");
        Assert.True(lines.Length is 1 or 2, $"expected one line and perhaps a hint: {result}");
        Assert.StartsWith("parley: ", lines[0], StringComparison.Ordinal);
        Assert.Matches(new Regex(cause, RegexOptions.IgnoreCase, Limits.Wait), lines[0]);
        if (lines.Length == 2)
            Assert.StartsWith("  hint: ", lines[1], StringComparison.Ordinal);
        if (string.Equals(hint, None, StringComparison.Ordinal))
        {
            Assert.Single(lines);
        }
        else if (hint.Length > 0)
        {
            Assert.True(lines.Length == 2, $"expected a hint: {result}");
            Assert.Matches(new Regex(hint, RegexOptions.IgnoreCase, Limits.Wait), lines[1]);
        }

        Assert.DoesNotMatch(StackTrace(), result.Error);
    }

    [GeneratedRegex(@"   at |Exception|Unhandled")]
    private static partial Regex StackTrace();
}
