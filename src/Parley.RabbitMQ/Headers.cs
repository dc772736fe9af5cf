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

    private const string MessageId = "message-id";
    private const string CorrelationId = "correlation-id";
    private const string ContentType = "content-type";
    private const string ReplyTo = "reply-to";
    private const string Kind = "type";
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
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        long? earlier = null;
        if (properties.Headers is { } headers)
        {
            foreach ((string name, object? value) in headers)
            {
                if (name == DeliveryCount)
                    earlier = value is null ? null : Convert.ToInt64(value, CultureInfo.InvariantCulture);
                else if (Text(value) is { } text)
                    named[name] = text;
            }
        }

        Take(named, MessageId, properties.MessageId);
        Take(named, CorrelationId, properties.CorrelationId);
        Take(named, ContentType, properties.ContentType);
        Take(named, ReplyTo, properties.ReplyTo);
        Take(named, Kind, properties.Type);
        return (new MessageHeader { Priority = properties.IsPriorityPresent() ? properties.Priority : 0, Properties = named.Count == 0 ? null : named }, earlier);
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

    private static void Take(Dictionary<string, string> named, string name, string? value)
    {
        if (value is not null)
            named[name] = value;
    }

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
