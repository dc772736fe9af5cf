using System.Net;

namespace Parley;

/// <summary>
/// What goes with a message besides its priority, where that is more than one thing. A header and what was received have one reference for all of it, to
/// this, or to the peer or the properties themselves: so they go in two registers, and the message that has nothing else costs no store.
/// </summary>
internal sealed record MessageExtras(EndPoint? Peer, IReadOnlyDictionary<string, string>? Properties, MessageDelivery? Delivery, bool IsEnd)
{
    internal static EndPoint? PeerOf(object? extras) => extras switch
    {
        null => null,
        EndPoint peer => peer,
        MessageExtras several => several.Peer,
        _ => null,
    };

    internal static IReadOnlyDictionary<string, string>? PropertiesOf(object? extras) => extras switch
    {
        null or EndPoint => null,
        MessageExtras several => several.Properties,
        _ => (IReadOnlyDictionary<string, string>)extras,
    };

    /// <summary>The one reference for these.</summary>
    internal static object? Of(EndPoint? peer, IReadOnlyDictionary<string, string>? properties, MessageDelivery? delivery = null, bool isEnd = false)
    {
        if (delivery is not null || isEnd || (peer is not null && properties is not null) || properties is EndPoint)
            return new MessageExtras(peer, properties, delivery, isEnd);
        return peer is not null ? peer : properties;
    }
}
