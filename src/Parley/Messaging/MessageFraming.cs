namespace Parley;

/// <summary>How messages are told apart on a stream of bytes.</summary>
public enum MessageFraming
{
    /// <summary>The stream carries no messages. The default of options.</summary>
    None,

    /// <summary>Each ends with a line feed (0x0A), which it cannot contain. A last line without one was cut: an error. A carriage return is part of the message.</summary>
    Line,

    /// <summary>Each ends with a zero byte, which it cannot contain.</summary>
    Nul,

    /// <summary>Before each stands its length: 4 bytes, big-endian, unsigned.</summary>
    Len32,
}
