namespace Parley.Cli.Messages;

/// <summary>How messages are told apart on standard output.</summary>
internal enum OutputForm
{
    /// <summary>A line feed after each.</summary>
    Line,

    /// <summary>A zero byte after each.</summary>
    Nul,

    /// <summary>The length before each: 4 bytes, big-endian.</summary>
    Len32,

    /// <summary>Not at all.</summary>
    Raw,

    /// <summary>A JSON object a line.</summary>
    Json,
}
