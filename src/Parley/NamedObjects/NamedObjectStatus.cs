using System.Net;

namespace Parley;

/// <summary>What can be seen of a named object without using it.</summary>
public sealed record NamedObjectStatus
{
    /// <summary>The endpoint that leads to it; of a pair of FIFOs, that of one of them.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>What it is, in one word: <c>fifo</c>, <c>queue</c>, or <c>memory</c>, whose other properties are those of its socket.</summary>
    public required string Type { get; init; }

    /// <summary>Its permissions; <see langword="null"/> for a queue of a broker, like those of its owner.</summary>
    public UnixFileMode? Mode { get; init; }

    /// <summary>The user id of its owner.</summary>
    public uint? UserId { get; init; }

    /// <summary>The group id of its owner.</summary>
    public uint? GroupId { get; init; }

    /// <summary>
    /// Bytes that wait in it; <see langword="null"/> where only opening it would tell, or it may not be opened to read. A FIFO is never opened
    /// for this: whoever waits for its other side would take this for it.
    /// </summary>
    public long? BytesWaiting { get; init; }

    /// <summary>Messages that wait in a queue; <see langword="null"/> for a FIFO, and for a queue that may not be opened.</summary>
    public int? MessagesWaiting { get; init; }

    /// <summary>How many messages wait in a queue at most; <see langword="null"/> for a FIFO, for a queue that may not be opened, and for one of a broker, which does not tell.</summary>
    public int? Capacity { get; init; }

    /// <summary>The longest message of a queue, in bytes; <see langword="null"/> as with <see cref="Capacity"/>.</summary>
    public int? MessageSize { get; init; }

    /// <summary>How many receive from a queue of a broker, on all machines; <see langword="null"/> for everything else.</summary>
    public long? Receivers { get; init; }

    /// <summary>
    /// Whether somebody listens on a name in shared memory, or it was left behind by who did and died; <see langword="null"/> for what needs nobody.
    /// </summary>
    public bool? IsServed { get; init; }

    /// <summary>Who is connected in shared memory; <see langword="null"/> where nobody listens, in lists, and for everything else.</summary>
    public IReadOnlyList<SharedMemoryConnectionStatus>? Connections { get; init; }
}
