namespace Parley.Cli.Output;

/// <summary>Colours, bold and the like.</summary>
internal static class Styles
{
    /// <summary>Whether a terminal may be sent them; NO_COLOR, unless it is empty, asks for none.</summary>
    internal static bool AreWanted { get; } = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
}
