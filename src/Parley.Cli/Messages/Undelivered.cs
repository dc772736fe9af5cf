using System.Buffers;
using System.Net;
using System.Text;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>What becomes of a message that was taken and has no place to go: nothing is lost in silence.</summary>
/// <param name="file">Where such messages are kept, as JSON lines; <see langword="null"/> for standard error.</param>
internal sealed class Undelivered(string? file)
{
    private int _hasFailed;

    /// <summary>Finds out whether the file can be written before any message needs it.</summary>
    /// <exception cref="CommandException">It cannot.</exception>
    internal void CheckFile()
    {
        if (file is null)
            return;
        if (Directory.Exists(file))
            throw new CommandException($"--dead-letter: cannot open {file}: is a directory (EISDIR)", ExitCode.Failed);
        try
        {
            OpenFile(file).Dispose();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandException($"--dead-letter: cannot open {file}: {SystemError.Describe(failure)}", ExitCode.Failed);
        }
    }

    /// <summary>Puts it back where that can be done, and keeps it otherwise.</summary>
    /// <param name="message">The message.</param>
    /// <param name="source">Where it was taken from.</param>
    /// <param name="why">Why it was not delivered.</param>
    /// <returns>Whether it was put back.</returns>
    internal async ValueTask<bool> PutBackOrKeepAsync(Message message, EndPoint source, string why)
    {
        // What keeps messages until they are acknowledged gives them out again once the channel is disposed, in their order:
        // giving back one by one would put those behind what was taken after them.
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
                        $"parley: a message of {Units.Count(message.Body.Length, "byte")} was put back into {ParleyEndPoint.Format(source)}, behind those of its priority ({message.Header.Priority})");
                    return true;
                }

                why += "; it could not be put back: the queue is full";
            }
            catch (ConnectionException refused)
            {
                why += "; it could not be put back: " + refused.Cause;
            }
        }

        if (!TryKeepInFile(message, source, why))
            StandardError.WriteLine($"parley: a message was not delivered: {Encoding.UTF8.GetString(Line(message, source, why).WrittenSpan[..^1])}");
        return false;
    }

    /// <summary>Adds it to the file, in full.</summary>
    /// <returns>Whether it is there; why not is said.</returns>
    internal bool TryKeepInFile(Message message, EndPoint source, string why)
    {
        if (file is null)
            return false;
        try
        {
            using FileStream kept = OpenFile(file);
            kept.Write(Line(message, source, why).WrittenSpan);
            Volatile.Write(ref _hasFailed, 0);
            StandardError.WriteLine($"parley: a message of {Units.Count(message.Body.Length, "byte")} was not delivered, and is in {PlainText.OneLine(file)}: {PlainText.OneLine(why)}");
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whoever gives the message up then tries once more: once is enough, until it goes well again.
            if (Interlocked.Exchange(ref _hasFailed, 1) == 0)
                StandardError.WriteLine("parley: " + PlainText.OneLine($"cannot write to {file}: {SystemError.Describe(failure)}"));
            return false;
        }
    }

    private static FileStream OpenFile(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0 };

        // Messages are nobody else's.
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }

    private static ArrayBufferWriter<byte> Line(Message message, EndPoint source, string why)
    {
        var line = new ArrayBufferWriter<byte>(message.Body.Length + 256);
        MessageJson.Write(line, message, source, why);
        return line;
    }
}
