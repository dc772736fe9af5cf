using System.Net;

namespace Parley;

/// <summary>What goes with a message besides its bytes, where the channel has such a thing; other channels ignore it.</summary>
public readonly record struct MessageHeader
{
    /// <summary>
    /// The name of the property that marks a message whose receiver may have had it before: it was sent again, by a relay or by a channel, because nobody said that it arrived.
    /// </summary>
    public const string ResentProperty = "x-parley-resent";

    /// <summary>
    /// The name of the property that tells messages apart: one that is sent again by a channel, or comes again out of a <see cref="MessageSpool"/>, has the id that it had the first time.
    /// </summary>
    public const string MessageIdProperty = "message-id";

    private readonly object? _extras;

    internal MessageHeader(int priority, object? extras)
    {
        Priority = priority;
        _extras = extras;
    }

    /// <summary>
    /// Its priority, 0 (the lowest, and the default) to <see cref="MessageChannel.MaxPriority"/>: of the messages that wait, the one with
    /// the highest is received first, and the oldest among equals.
    /// </summary>
    public int Priority { get; init; }

    /// <summary>
    /// Of a message that was received: who sent it, where the channel knows (UDP). Of one to send: whom to, on a channel that is not
    /// connected to one peer. Sending with the header of a message that was received answers it.
    /// </summary>
    public EndPoint? Peer
    {
        get => MessageExtras.PeerOf(_extras);
        init => _extras = MessageExtras.Of(value, Properties);
    }

    /// <summary>Names and values that go with the message, where the channel has such a thing (AMQP). Default <see langword="null"/>: none.</summary>
    public IReadOnlyDictionary<string, string>? Properties
    {
        get => MessageExtras.PropertiesOf(_extras);
        init => _extras = MessageExtras.Of(Peer, value);
    }

    /// <summary>Peer and properties, as <see cref="MessageExtras.Of"/> makes it.</summary>
    internal object? Extras => _extras;
}
