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
            "a pair of FIFOs goes both ways: fifo:/in:/out"),
        _ => ConnectionDirection.Both,
    };

    /// <exception cref="UsageException">There is no writer after the first one to follow.</exception>
    internal static void CheckFollow(bool follows, EndPoint endPoint, ConnectionDirection direction)
    {
        if (follows && !(Is(endPoint) && direction == ConnectionDirection.ReceiveOnly))
            throw new UsageException("--follow goes from writer to writer of a single FIFO that is received from", "for example: fifo:/path --receive-only --follow");
    }
}
