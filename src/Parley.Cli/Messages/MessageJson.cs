using System.Buffers;
using System.Net;
using System.Text.Json;
using System.Text.Unicode;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>A message as a JSON object.</summary>
internal static class MessageJson
{
    private static readonly JsonEncodedText Priority = JsonEncodedText.Encode("priority");
    private static readonly JsonEncodedText Size = JsonEncodedText.Encode("size");
    private static readonly JsonEncodedText Time = JsonEncodedText.Encode("time");
    private static readonly JsonEncodedText Peer = JsonEncodedText.Encode("peer");
    private static readonly JsonEncodedText Text = JsonEncodedText.Encode("text");
    private static readonly JsonEncodedText Base64 = JsonEncodedText.Encode("base64");
    private static readonly JsonEncodedText Redelivered = JsonEncodedText.Encode("redelivered");
    private static readonly JsonEncodedText EarlierDeliveries = JsonEncodedText.Encode("earlier_deliveries");
    private static readonly JsonEncodedText Properties = JsonEncodedText.Encode("properties");
    private static readonly JsonEncodedText Error = JsonEncodedText.Encode("error");

    /// <summary>Writes it, with a line feed.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="message">The message; without a peer in its header, <paramref name="peer"/> stands for that.</param>
    /// <param name="peer">Who sent it, where the whole channel is from one.</param>
    /// <param name="error">Why it was not delivered.</param>
    internal static void Write(IBufferWriter<byte> output, Message message, EndPoint? peer, string? error = null)
    {
        using (var json = new Utf8JsonWriter(output, JsonText.Options))
        {
            json.WriteStartObject();
            json.WriteNumber(Priority, message.Header.Priority);
            json.WriteNumber(Size, message.Body.Length);
            json.WriteString(Time, DateTime.UtcNow);
            if ((message.Header.Peer ?? peer) is { } who)
                json.WriteString(Peer, ParleyEndPoint.Format(who));
            if (message.Delivery is { } delivery)
                Write(json, delivery);
            if (message.Header.Properties is { Count: > 0 } properties)
                Write(json, properties);
            if (Utf8.IsValid(message.Body.Span))
                json.WriteString(Text, message.Body.Span);
            else
                json.WriteBase64String(Base64, message.Body.Span);
            if (error is not null)
                json.WriteString(Error, error);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    private static void Write(Utf8JsonWriter json, MessageDelivery delivery)
    {
        json.WriteBoolean(Redelivered, delivery.IsRedelivered);
        if (delivery.EarlierDeliveries is long earlier)
            json.WriteNumber(EarlierDeliveries, earlier);
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string> properties)
    {
        json.WriteStartObject(Properties);
        foreach ((string name, string value) in properties)
            json.WriteString(name, value);
        json.WriteEndObject();
    }
}
