namespace Parley;

/// <summary>When and how long after to try again to connect.</summary>
internal static class ConnectRetry
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Whether the peer, or the queue, may simply not be there yet. Wrong names and missing permission do not mend themselves.</summary>
    internal static bool IsWorthwhile(ConnectionException failure)
        => (failure.Step is Step.Connect or Step.Resolve or Step.Handshake || failure is { Step: Step.Open, EndPoint: FifoEndPoint, ErrorNumber: not 0 }
            || failure is { Step: Step.Open, EndPoint: MessageQueueEndPoint, Reason: Reason.NotFound })
           && failure.Reason is Reason.Refused or Reason.NotFound or Reason.TimedOut or Reason.Reset or Reason.Full or Reason.Other;

    /// <summary>Doubles with every failure, and is drawn between half of that and the whole.</summary>
    internal static TimeSpan Pause(TimeSpan first, int failures)
    {
        double whole = Math.Min(LongestPause.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30)));
        return TimeSpan.FromMilliseconds(whole * (0.5 + (Random.Shared.NextDouble() / 2)));
    }
}
