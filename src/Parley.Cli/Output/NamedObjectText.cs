using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Parley.Cli.Output;

/// <summary>What is said of a queue or a FIFO.</summary>
internal static class NamedObjectText
{
    internal static string Line(NamedObjectStatus status)
    {
        string line = $"{PlainText.OneLine(ParleyEndPoint.Format(status.EndPoint))}: {status.Type}, mode {Octal(status.Mode)}, owner {status.UserId}:{status.GroupId}";
        if (status.MessagesWaiting is int messages)
            line += $", {messages} of {status.Capacity} messages waiting";
        if (status.BytesWaiting is long bytes)
            line += status.MessagesWaiting is null ? $", {bytes} bytes waiting" : $" ({bytes} bytes)";
        return status.MessageSize is int size ? $"{line}, at most {size} bytes each" : line;
    }

    internal static string Json(NamedObjectStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, JsonText.Options))
        {
            json.WriteStartObject();
            json.WriteString("endpoint", ParleyEndPoint.Format(status.EndPoint));
            json.WriteString("type", status.Type);
            json.WriteString("mode", Octal(status.Mode));
            json.WriteNumber("uid", status.UserId);
            json.WriteNumber("gid", status.GroupId);
            Write(json, "messages_waiting", status.MessagesWaiting);
            Write(json, "bytes_waiting", status.BytesWaiting);
            Write(json, "capacity", status.Capacity);
            Write(json, "message_size", status.MessageSize);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, string name, long? number)
    {
        if (number is long known)
            json.WriteNumber(name, known);
    }

    private static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8).PadLeft(3, '0');
}
