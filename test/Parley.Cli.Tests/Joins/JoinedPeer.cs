namespace Parley.Cli.Tests.Joins;

/// <summary>Which side of a conversation ends first.</summary>
public enum Ending
{
    ListeningSideFirst,
    TargetSideFirst,
}

/// <summary>A C program on one side of a join: says its own stream, and must hear the other side's to the last byte.</summary>
internal sealed class JoinedPeer(bool isListeningSide, Ending ending)
{
    private const int Bytes = 64 * Payload.Megabyte;
    private const string ListeningSideSays = "88172645463325252";
    private const string TargetSideSays = "2685821657736338717";

    public Task<ChildProcess> StartAsync(params string[] how) => CPrograms.StartAsync("joined", [.. Arguments(how)]);

    /// <summary>The same program as words of a command line.</summary>
    public async Task<string[]> WordsAsync(params string[] how) => [await CPrograms.PathOfAsync("joined"), .. Arguments(how)];

    private IEnumerable<string> Arguments(string[] how)
    {
        bool isFirst = isListeningSide == (ending == Ending.ListeningSideFirst);
        (string said, string heard) = isListeningSide ? (ListeningSideSays, TargetSideSays) : (TargetSideSays, ListeningSideSays);
        return [isFirst ? "first" : "last", said, heard, $"{Bytes}", .. how];
    }
}
