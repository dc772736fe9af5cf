using System.Net;

namespace Parley.Cli.Commands;

/// <summary>What a relay of messages shares with one of bytes: the words of its command line.</summary>
internal sealed record MessageRelayPlan
{
    internal required EndPoint Source { get; init; }

    internal required EndPoint Target { get; init; }

    internal required ListenerSettings Listener { get; init; }

    internal required ListenerOptions ListenerOptions { get; init; }

    internal required TimeSpan DrainTimeout { get; init; }

    internal required TimeSpan ConnectTimeout { get; init; }

    /// <summary>How many failures of the target in a row are outlived; <see langword="null"/> where that was not said.</summary>
    internal required int? Retries { get; init; }

    /// <summary>Told the address when messages, or clients that have them, can come.</summary>
    internal required Action<EndPoint> Ready { get; init; }

    internal required bool IsOnce { get; init; }

    internal required bool IsVerbose { get; init; }

    internal required bool IsDryRun { get; init; }

    internal required bool ShowsProgress { get; init; }
}
