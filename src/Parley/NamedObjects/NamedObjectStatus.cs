using System.Net;

namespace Parley;

/// <summary>What can be seen of a named object without using it.</summary>
public sealed record NamedObjectStatus
{
    /// <summary>The endpoint that leads to it; of a pair of FIFOs, that of one of them.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>What it is, in one word: <c>fifo</c> or <c>queue</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Its permissions.</summary>
    public required UnixFileMode Mode { get; init; }

    /// <summary>The user id of its owner.</summary>
    public required uint UserId { get; init; }

    /// <summary>The group id of its owner.</summary>
    public required uint GroupId { get; init; }

    /// <summary>
    /// Bytes that wait in it; <see langword="null"/> where only opening it would tell, or it may not be opened to read. A FIFO is never opened
    /// for this: whoever waits for its other side would take this for it.
    /// </summary>
    public long? BytesWaiting { get; init; }

    /// <summary>Messages that wait in a queue; <see langword="null"/> for a FIFO, and for a queue that may not be opened.</summary>
    public int? MessagesWaiting { get; init; }

    /// <summary>How many messages wait in a queue at most; <see langword="null"/> for a FIFO, and for a queue that may not be opened.</summary>
    public int? Capacity { get; init; }

    /// <summary>The longest message of a queue, in bytes; <see langword="null"/> for a FIFO, and for a queue that may not be opened.</summary>
    public int? MessageSize { get; init; }
}
