using System.Net;

namespace Parley;

/// <summary>What can be seen of a named object without using it.</summary>
public sealed record NamedObjectStatus
{
    /// <summary>The endpoint that leads to it; of a pair of FIFOs, that of one of them.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>What it is, in one word: <c>fifo</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Its permissions.</summary>
    public required UnixFileMode Mode { get; init; }

    /// <summary>The user id of its owner.</summary>
    public required uint UserId { get; init; }

    /// <summary>The group id of its owner.</summary>
    public required uint GroupId { get; init; }

    /// <summary>
    /// Bytes that wait in it to be read; <see langword="null"/> where only opening it would tell. A FIFO is never opened for this: whoever
    /// waits for its other side would take this for it.
    /// </summary>
    public long? BytesWaiting { get; init; }

    /// <summary>How many bytes it can hold; <see langword="null"/> where only opening it would tell, as with a FIFO.</summary>
    public long? Capacity { get; init; }
}
