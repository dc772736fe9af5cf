using System.Text;

namespace Parley.Cli.Tests;

internal sealed record CommandResult(int ExitCode, byte[] Output, string Error)
{
    public string Text => Encoding.UTF8.GetString(Output);

    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"exit code {ExitCode}\nstandard error:\n{Shorten(Error)}\nstandard output, {Output.Length} bytes:\n{Shorten(Text)}";

    /// <summary>What a message can show of a text that may be megabytes long.</summary>
    public static string Shorten(string text)
    {
        const int Shown = 2000;
        return text.Length <= 2 * Shown ? text : $"{text[..Shown]}\n... {text.Length - (2 * Shown)} characters ...\n{text[^Shown..]}";
    }

    public CommandResult MustExit(int code)
    {
        Assert.True(ExitCode == code, $"expected exit code {code}: {this}");
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return this;
    }
}
