using System.Net;

namespace Parley.Cli.Commands;

/// <summary>What has to be known of a single FIFO, which carries bytes one way.</summary>
internal static class OneWay
{
    internal static bool Is(EndPoint endPoint) => endPoint is FifoEndPoint { WritePath: null };

    /// <summary>Which way a verb that joins standard streams uses an endpoint.</summary>
    /// <exception cref="UsageException">It goes one way, and which is not said.</exception>
    internal static ConnectionDirection Direction(EndPoint endPoint, Joining.Flow flow) => flow switch
    {
        Joining.Flow.ReceiveOnly => ConnectionDirection.ReceiveOnly,
        Joining.Flow.SendOnly => ConnectionDirection.SendOnly,
        _ when Is(endPoint) => throw new UsageException(
            $"{ParleyEndPoint.Format(endPoint)} goes one way: say --receive-only or --send-only",
            PairHint(endPoint)),
        _ => ConnectionDirection.Both,
    };

    /// <summary>How a pair is written; where that was perhaps meant, what is missing.</summary>
    internal static string PairHint(EndPoint endPoint) => endPoint is FifoEndPoint single && single.Path.IndexOf(':', 1) is var colon and > 0 && colon < single.Path.Length - 1
        ? $"if a pair is meant: its second path begins with /, ./ or ../, as in fifo:{single.Path[..colon]}:./{single.Path[(colon + 1)..]}"
        : "a pair of FIFOs goes both ways: fifo:/in:/out";

    /// <exception cref="UsageException">There is no writer after the first one to follow.</exception>
    internal static void CheckFollow(bool follows, EndPoint endPoint, ConnectionDirection direction)
    {
        if (follows && !(Is(endPoint) && direction == ConnectionDirection.ReceiveOnly))
            throw new UsageException("--follow goes from writer to writer of a single FIFO that is received from", "for example: fifo:/path --receive-only --follow");
    }
}
