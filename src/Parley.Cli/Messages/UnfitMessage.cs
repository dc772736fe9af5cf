using System.Net;
using Parley.Cli.Commands;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>A message that the target cannot take is refused before anything of it is sent, and named where it is one of several.</summary>
internal static class UnfitMessage
{
    /// <exception cref="UsageException">One of the arguments contains what would end it.</exception>
    internal static void CheckArguments(ReadOnlyMemory<byte>[] messages, MessageFraming framing)
    {
        for (int i = 0; i < messages.Length; i++)
        {
            if (Delimiter(messages[i].Span, framing) is not { } delimiter)
                continue;
            string which = messages.Length == 1 ? "a message" : Name(i + 1, messages.Length);
            throw new UsageException($"{which} contains {delimiter}, which ends a message with{MessageSettings.Words(framing)}", FramingWords.Hint);
        }
    }

    /// <exception cref="ConnectionException">One of the arguments is too long.</exception>
    internal static void CheckLengths(ReadOnlyMemory<byte>[] messages, EndPoint target, int most)
    {
        for (int i = 0; i < messages.Length; i++)
        {
            if (messages[i].Length > most)
                throw TooLong(Name(i + 1, messages.Length), messages[i].Length, target, most);
        }
    }

    /// <summary>Looks at data, which is no part of the command line.</summary>
    /// <exception cref="ConnectionException">It contains what would end it.</exception>
    internal static void CheckData(ReadOnlySpan<byte> message, string which, EndPoint target, MessageFraming framing)
    {
        if (Delimiter(message, framing) is { } delimiter)
            throw new ConnectionException(Step.Send, Reason.Other, target, $"{which} contains {delimiter}, {FramingWords.Delimiter}");
    }

    /// <param name="which">The message in words.</param>
    /// <param name="length">Its length; <see langword="null"/> where not all of it was looked at.</param>
    /// <param name="target">Where it was to go.</param>
    /// <param name="most">How many bytes that takes.</param>
    internal static ConnectionException TooLong(string which, long? length, EndPoint target, int most)
    {
        string takes = target switch
        {
            MessageQueueEndPoint => "the queue takes",
            UdpEndPoint => "a datagram has",
            _ => "the channel takes",
        };
        string size = length is long known ? Units.Count(known, "byte") : "more than " + Units.Count(most, "byte");
        return new ConnectionException(Step.Send, Reason.TooLarge, target, $"{which} has {size}, {takes} at most {most}");
    }

    private static string Name(int number, int all) => all == 1 ? "the message" : $"message {number}";

    private static string? Delimiter(ReadOnlySpan<byte> message, MessageFraming framing) => framing switch
    {
        MessageFraming.Line when message.Contains((byte)'\n') => "a line feed",
        MessageFraming.Nul when message.Contains((byte)0) => "a zero byte",
        _ => null,
    };
}
