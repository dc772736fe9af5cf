using System.Diagnostics;
using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>Properties of a message, as the library and as AMQP has them.</summary>
internal static class Headers
{
    /// <summary>Marks a message that the broker may have had before.</summary>
    internal const string Resent = MessageHeader.ResentProperty;

    private const string MessageId = MessageHeader.MessageIdProperty;
    private const string CorrelationId = "correlation-id";
    private const string ContentType = "content-type";
    private const string ReplyTo = "reply-to";
    private const string Kind = "type";
    private const int LongestShortText = 255;

    // All of them go in one frame, of 131072 bytes where the broker does not say otherwise.
    private const int MostBytes = 128 * 1024 - 1024;
    private const int HeaderOverhead = 6;
    private const string DeliveryCount = "x-delivery-count";

    /// <summary>What goes with a message that is sent: five names stand for AMQP's own properties, the others are headers.</summary>
    internal static BasicProperties ToSend(MessageHeader header)
    {
        var properties = new BasicProperties { Persistent = true };
        if (header.Priority > 0)
            properties.Priority = (byte)header.Priority;
        if (header.Properties is { } named)
        {
            foreach ((string name, string value) in named)
                Set(properties, name, value);
        }

        if (Activity.Current is { } activity)
            DistributedContextPropagator.Current.Inject(activity, properties, static (carrier, name, value) => Add((BasicProperties)carrier!, name, value));
        return properties;
    }

    /// <summary>What came with a message, and how often it was delivered before where the queue counts.</summary>
    internal static (MessageHeader Header, long? EarlierDeliveries) Received(IReadOnlyBasicProperties properties)
    {
        Dictionary<string, string>? named = null;
        long? earlier = null;
        if (properties.Headers is { } headers)
        {
            foreach ((string name, object? value) in headers)
            {
                if (name == DeliveryCount)
                    earlier = Count(value);
                else if (Text(value) is { } text)
                    Take(ref named, name, text);
            }
        }

        Take(ref named, MessageId, properties.MessageId);
        Take(ref named, CorrelationId, properties.CorrelationId);
        Take(ref named, ContentType, properties.ContentType);
        Take(ref named, ReplyTo, properties.ReplyTo);
        Take(ref named, Kind, properties.Type);
        return (new MessageHeader { Priority = properties.IsPriorityPresent() ? properties.Priority : 0, Properties = named }, earlier);
    }

    /// <summary>What of the properties AMQP has no room for; the client would fail with it, or the broker end the connection.</summary>
    /// <returns><see langword="null"/> where all of it fits.</returns>
    internal static string? TooLong(BasicProperties properties)
    {
        int all = 0;
        foreach (string? text in (ReadOnlySpan<string?>)[properties.MessageId, properties.CorrelationId, properties.ContentType, properties.ReplyTo, properties.Type])
        {
            int length = text is null ? 0 : Encoding.UTF8.GetByteCount(text);
            if (length > LongestShortText)
                return $"a property of {length} bytes, and its own take at most {LongestShortText}";
            all += length;
        }

        if (properties.Headers is not { } headers)
            return null;
        foreach ((string name, object? value) in headers)
        {
            int length = Encoding.UTF8.GetByteCount(name);
            if (length > LongestShortText)
                return $"a property with a name of {length} bytes, and a name takes at most {LongestShortText}";
            all += length + HeaderOverhead + (value is string text ? Encoding.UTF8.GetByteCount(text) : 0);
        }

        return all > MostBytes ? $"properties of {all} bytes, and all take at most {MostBytes}" : null;
    }

    internal static void Add(BasicProperties properties, string name, string value) => (properties.Headers ??= new Dictionary<string, object?>(StringComparer.Ordinal))[name] = value;

    private static void Set(BasicProperties properties, string name, string value)
    {
        switch (name)
        {
            case MessageId:
                properties.MessageId = value;
                break;
            case CorrelationId:
                properties.CorrelationId = value;
                break;
            case ContentType:
                properties.ContentType = value;
                break;
            case ReplyTo:
                properties.ReplyTo = value;
                break;
            case Kind:
                properties.Type = value;
                break;
            default:
                Add(properties, name, value);
                break;
        }
    }

    private static void Take(ref Dictionary<string, string>? named, string name, string? value)
    {
        if (value is not null)
            (named ??= new Dictionary<string, string>(StringComparer.Ordinal))[name] = value;
    }

    // Any sender can write such a header: one that is no number says nothing, and the message is delivered.
    private static long? Count(object? value) => value switch
    {
        long or int or short or sbyte or byte or ushort or uint => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        _ => null,
    };

    // Tables and lists, such as the history of a dead letter, have no text.
    private static string? Text(object? value) => value switch
    {
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        string text => text,
        bool truth => truth ? "true" : "false",
        AmqpTimestamp time => time.UnixTime.ToString(CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => null,
    };
}
