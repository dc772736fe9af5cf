using System.Buffers;
using System.Text.Json;

namespace Parley.Transports.SharedMemory;

/// <summary>The text that a server gives those who ask for its status: a line of JSON for each connection.</summary>
internal static class LinkStatus
{
    private const byte LineFeed = (byte)'\n';

    internal static byte[] Write(IEnumerable<SharedMemoryLink> links)
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text);
        foreach (SharedMemoryLink link in links)
        {
            if (!link.TryDescribe(out SharedMemoryConnectionStatus? status))
                continue;
            json.Reset();
            json.WriteStartObject();
            json.WriteNumber("pid"u8, status.ProcessId);
            json.WriteNumber("uid"u8, status.UserId);
            json.WriteString("kind"u8, status.Kind);
            json.WriteNumber("capacity"u8, status.RingSize);
            json.WriteNumber("toServer"u8, status.BytesToServer);
            json.WriteNumber("toClient"u8, status.BytesToClient);
            json.WriteNumber("sleeps"u8, status.Sleeps);
            json.WriteNumber("wakes"u8, status.Wakes);
            json.WriteNumber("seconds"u8, Math.Round(status.Age.TotalSeconds, 3));
            json.WriteEndObject();
            json.Flush();
            text.Write([LineFeed]);
        }

        return text.WrittenSpan.ToArray();
    }

    /// <summary>Reads what a server has sent; what it says besides is left out.</summary>
    /// <exception cref="InvalidDataException">It is no such text.</exception>
    internal static IReadOnlyList<SharedMemoryConnectionStatus> Read(ReadOnlyMemory<byte> text)
    {
        var all = new List<SharedMemoryConnectionStatus>();
        try
        {
            while (!text.IsEmpty)
            {
                int end = text.Span.IndexOf(LineFeed);
                if (end < 0)
                    throw new InvalidDataException("the server's status ends in the middle of a line");
                using var line = JsonDocument.Parse(text[..end]);
                all.Add(Read(line.RootElement));
                text = text[(end + 1)..];
            }

            return all;
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new InvalidDataException("the server's status is not what was agreed on", wrong);
        }
    }

    private static SharedMemoryConnectionStatus Read(JsonElement line) => new()
    {
        ProcessId = line.GetProperty("pid"u8).GetInt32(),
        UserId = line.GetProperty("uid"u8).GetUInt32(),
        Kind = line.GetProperty("kind"u8).GetString() ?? throw new InvalidDataException("the server's status is not what was agreed on"),
        RingSize = line.GetProperty("capacity"u8).GetInt32(),
        BytesToServer = line.GetProperty("toServer"u8).GetInt64(),
        BytesToClient = line.GetProperty("toClient"u8).GetInt64(),
        Sleeps = line.GetProperty("sleeps"u8).GetUInt64(),
        Wakes = line.GetProperty("wakes"u8).GetUInt64(),
        Age = TimeSpan.FromSeconds(line.GetProperty("seconds"u8).GetDouble()),
    };
}
