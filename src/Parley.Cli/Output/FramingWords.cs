namespace Parley.Cli.Output;

/// <summary>What is said of a message that a framing cannot carry.</summary>
internal static class FramingWords
{
    internal const string Hint = "--frame len32 takes any bytes, if the peer speaks it";

    /// <summary>What shows that it is a delimiter that stands in the way.</summary>
    internal const string Delimiter = "which ends each message of this framing";

    /// <summary>Whether a message was refused for that.</summary>
    internal static bool IsAbout(ConnectionException failure) => failure.Step == Step.Send && failure.Cause.EndsWith(Delimiter, StringComparison.Ordinal);
}
