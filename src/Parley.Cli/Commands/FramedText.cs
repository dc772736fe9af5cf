namespace Parley.Cli.Commands;

/// <summary>What cannot be framed is refused before anything of it is sent.</summary>
internal static class FramedText
{
    /// <exception cref="UsageException">The message contains what would end it.</exception>
    internal static void Check(ReadOnlySpan<byte> message, MessageFraming framing)
    {
        if (framing == MessageFraming.Line && message.Contains((byte)'\n'))
            throw Refusal("a line feed", "line");
        if (framing == MessageFraming.Nul && message.Contains((byte)0))
            throw Refusal("a zero byte", "nul");
    }

    private static UsageException Refusal(string what, string framing)
        => new($"a message contains {what}, which ends a message with --frame {framing}", "--frame len32 takes any bytes, if the peer speaks it");
}
