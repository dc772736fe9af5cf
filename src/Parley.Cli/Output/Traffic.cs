namespace Parley.Cli.Output;

/// <summary>What all conversations of the command have moved so far.</summary>
/// <param name="Open">Conversations that go on.</param>
/// <param name="Served">Conversations that are over.</param>
/// <param name="Sent">Bytes said to peers.</param>
/// <param name="Received">Bytes that peers said.</param>
internal readonly record struct Traffic(int Open, long Served, long Sent, long Received)
{
    internal long Bytes => Sent + Received;
}
