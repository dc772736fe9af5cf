using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Parley.Cli.Output;

/// <summary>What is said of a queue, a FIFO or a name in shared memory.</summary>
internal static class NamedObjectText
{
    internal static string Line(NamedObjectStatus status)
    {
        string line = $"{PlainText.OneLine(ParleyEndPoint.Format(status.EndPoint))}: {status.Type}";
        if (status.Mode is UnixFileMode mode)
            line += $", mode {Octal(mode)}, owner {status.UserId}:{status.GroupId}";
        if (status.IsServed is bool isServed)
            line += Served(isServed, status.Connections);
        if (status.MessagesWaiting is int messages)
            line += status.Capacity is int capacity ? $", {messages} of {Units.Count(capacity, "message")} waiting" : $", {Units.Count(messages, "message")} waiting";
        if (status.Receivers is long receivers)
            line += $", {Units.Count(receivers, "receiver")}";
        if (status.BytesWaiting is long bytes)
            line += status.MessagesWaiting is null ? $", {Units.Count(bytes, "byte")} waiting" : $" ({Units.Count(bytes, "byte")})";
        return status.MessageSize is int size ? $"{line}, at most {Units.Count(size, "byte")} each" : line;
    }

    internal static string Json(NamedObjectStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, JsonText.Options))
        {
            json.WriteStartObject();
            json.WriteString("endpoint", ParleyEndPoint.Format(status.EndPoint));
            json.WriteString("type", status.Type);
            if (status.Mode is UnixFileMode mode)
                json.WriteString("mode", Octal(mode));
            Write(json, "uid", status.UserId);
            Write(json, "gid", status.GroupId);
            Write(json, "messages_waiting", status.MessagesWaiting);
            Write(json, "bytes_waiting", status.BytesWaiting);
            Write(json, "capacity", status.Capacity);
            Write(json, "message_size", status.MessageSize);
            Write(json, "receivers", status.Receivers);
            if (status.IsServed is bool isServed)
                json.WriteBoolean("served", isServed);
            if (status.Connections is not null)
                Write(json, status.Connections);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Served(bool isServed, IReadOnlyList<SharedMemoryConnectionStatus>? connections)
    {
        if (!isServed)
            return ", left behind: nobody listens";
        if (connections is null)
            return ", served";
        IEnumerable<string> lines = connections.Select(static one =>
            $"\n  pid {one.ProcessId}, user {one.UserId}: {one.Kind}, rings of {one.RingSize} bytes, {one.BytesToServer} waiting for the server, {one.BytesToClient} for the client, "
            + $"{one.Sleeps} sleeps, {one.Wakes} wakes, {Units.Duration(one.Age)}");
        return $", served, {Units.Count(connections.Count, "connection")}{string.Concat(lines)}";
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<SharedMemoryConnectionStatus> connections)
    {
        json.WriteStartArray("connections");
        foreach (SharedMemoryConnectionStatus one in connections)
        {
            json.WriteStartObject();
            json.WriteNumber("pid", one.ProcessId);
            json.WriteNumber("uid", one.UserId);
            json.WriteString("kind", one.Kind);
            json.WriteNumber("ring_size", one.RingSize);
            json.WriteNumber("bytes_to_server", one.BytesToServer);
            json.WriteNumber("bytes_to_client", one.BytesToClient);
            json.WriteNumber("sleeps", one.Sleeps);
            json.WriteNumber("wakes", one.Wakes);
            json.WriteNumber("seconds", Math.Round(one.Age.TotalSeconds, 3));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, long? number)
    {
        if (number is long known)
            json.WriteNumber(name, known);
    }

    private static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8).PadLeft(3, '0');
}
