namespace Parley.Cli.Output;

/// <summary>What all conversations of the command have moved so far.</summary>
/// <param name="Open">Conversations that go on.</param>
/// <param name="Served">Conversations that are over.</param>
/// <param name="Sent">Bytes said to peers.</param>
/// <param name="Received">Bytes that peers said.</param>
internal readonly record struct Traffic(int Open, long Served, long Sent, long Received)
{
    /// <summary>Clients that were turned away.</summary>
    internal long Refused { get; init; }

    internal long Bytes => Sent + Received;

    internal Traffic With(ListenerStatistics? listener) => this with { Refused = (listener?.Refused + listener?.OverQuota) ?? 0 };
}
