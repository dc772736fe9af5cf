namespace Parley.Cli.Demo;

/// <summary>What every display of the demo says.</summary>
internal static class DemoWords
{
    internal static readonly string RoundTrip = $"round trip, {DemoClientCommand.MessageSize} B";

    /// <summary>The last line.</summary>
    internal static string Outcome(DemoRow[] rows) => rows.Count(static row => !row.Succeeded) switch
    {
        0 => $"{rows.Length} channels, each between a server process and a client process: all of them talk.",
        int failures => $"{failures} of {rows.Length} channels failed.",
    };
}
