using System.Buffers;
using System.Net;
using System.Text;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>What becomes of a message that was taken and has no place to go: nothing is lost in silence.</summary>
/// <param name="file">Where such messages are kept, as JSON lines; <see langword="null"/> for standard error.</param>
internal sealed class Undelivered(string? file)
{
    internal bool HasFile => file is not null;

    /// <summary>Puts it back where that can be done, and keeps it otherwise.</summary>
    /// <param name="message">The message.</param>
    /// <param name="source">Where it was taken from.</param>
    /// <param name="why">Why it was not delivered.</param>
    /// <returns>Whether it was put back.</returns>
    internal async ValueTask<bool> PutBackOrKeepAsync(Message message, EndPoint source, string why)
    {
        // What keeps it until it is acknowledged gives it out again once the channel is disposed, before those that were taken after it:
        // giving back this one alone would put it behind them.
        if (message.Delivery is not null)
            return true;
        if (source is MessageQueueEndPoint)
        {
            try
            {
                await using MessageChannel queue = await MessageChannel.OpenAsync(source, new MessageChannelOptions { Direction = ConnectionDirection.SendOnly });
                if (queue.TrySend(message.Body.Span, message.Header))
                {
                    StandardError.WriteLine(
                        $"parley: a message of {message.Body.Length} bytes was put back into {ParleyEndPoint.Format(source)}, behind those of its priority ({message.Header.Priority})");
                    return true;
                }

                why += "; it could not be put back: the queue is full";
            }
            catch (ConnectionException refused)
            {
                why += "; it could not be put back: " + refused.Cause;
            }
        }

        Keep(message, source, why);
        return false;
    }

    /// <summary>Writes it out in full.</summary>
    internal void Keep(Message message, EndPoint source, string why)
    {
        var line = new ArrayBufferWriter<byte>(message.Body.Length + 256);
        MessageJson.Write(line, message, source, why);
        if (file is not null)
        {
            try
            {
                using var kept = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                kept.Write(line.WrittenSpan);
                StandardError.WriteLine($"parley: a message of {message.Body.Length} bytes was not delivered, and is in {PlainText.OneLine(file)}: {PlainText.OneLine(why)}");
                return;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                StandardError.WriteLine("parley: " + PlainText.OneLine(failure.Message));
            }
        }

        StandardError.WriteLine($"parley: a message was not delivered: {Encoding.UTF8.GetString(line.WrittenSpan[..^1])}");
    }
}
