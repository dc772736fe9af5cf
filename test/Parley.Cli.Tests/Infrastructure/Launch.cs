namespace Parley.Cli.Tests;

/// <summary>The command's arguments and the circumstances it is started in.</summary>
internal sealed record Launch(params string[] Arguments)
{
    public const int Nobody = 65534;

    /// <summary>The uid and gid to run as; only root can ask for this.</summary>
    public int? User { get; init; }

    /// <summary>What <c>ulimit -n</c> would say.</summary>
    public int? OpenFiles { get; init; }

    /// <summary>The only port that the kernel may give to a connecting socket, in a network namespace of the command's own.</summary>
    public int? OnlyEphemeralPort { get; init; }

    /// <summary>False leaves standard output to the test.</summary>
    public bool CollectOutput { get; init; } = true;

    /// <summary>What is written to standard input, which then ends.</summary>
    public byte[] Input { get; init; } = [];

    public TimeSpan Limit { get; init; } = Limits.Wait;

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
