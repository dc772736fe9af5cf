using System.Net;

namespace Parley.Cli.Output;

/// <summary>What <c>-v</c> says when a conversation is over.</summary>
internal static class Conversation
{
    /// <summary>Says how many were broken off because they had not ended in time.</summary>
    internal static void ReportCut(int count, TimeSpan limit)
    {
        string what = count == 1 ? "1 conversation was cut off: it did" : $"{count} conversations were cut off: they did";
        StandardError.WriteLine($"parley: {what} not end within {limit.TotalSeconds:0.###} s");
    }

    internal static void Report(EndPoint? peer, ConnectionStatistics statistics, Exception? failure)
    {
        string who = peer is null ? "a client" : PlainText.OneLine(ParleyEndPoint.Format(peer));
        string end = failure switch
        {
            null => statistics.EndedByPeer ? "ended by the peer" : "ended by us",
            ConnectionException { Reason: Reason.Reset or Reason.PeerDied } broken => "broken off by the peer: " + broken.Cause,
            ConnectionException broken => "broken off by us: " + broken.Cause,
            OperationCanceledException => "interrupted",
            _ => "broken off by us: " + failure.Message,
        };
        long undelivered = (failure as ConnectionException)?.UndeliveredBytes ?? 0;
        string lost = undelivered > 0 ? $", {Units.Count(undelivered, "byte")} not delivered" : "";
        StandardError.WriteLine(
            $"{who}: {Units.Count(statistics.BytesSent, "byte")} out, {Units.Count(statistics.BytesReceived, "byte")} in{lost}, "
            + $"{Units.Duration(statistics.Elapsed)}, {PlainText.OneLine(end)}");
    }
}
