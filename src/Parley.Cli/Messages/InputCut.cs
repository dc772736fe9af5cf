namespace Parley.Cli.Messages;

/// <summary>How standard input is cut into messages.</summary>
internal enum InputCut
{
    /// <summary>A line a message, without its line feed; the last one may lack it.</summary>
    Line,

    /// <summary>Up to each zero byte; the last one may lack it.</summary>
    Nul,

    /// <summary>The length before each: 4 bytes, big-endian.</summary>
    Len32,

    /// <summary>All of it is one message.</summary>
    Whole,
}
