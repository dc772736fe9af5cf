using Parley.Cli.Output;

namespace Parley.Cli.Joining;

/// <summary>What is different where the peer is a program that was started for the conversation.</summary>
internal static class ChildProgram
{
    private const int SignalBase = 128;

    /// <summary>
    /// Whether it stopped reading before it had everything, as <c>head</c> does. That is its own decision, and its exit code says whether
    /// all is well.
    /// </summary>
    internal static bool HasReadEnough(Exception failure)
        => failure is ConnectionException { Step: Step.Write or Step.Close, Reason: Reason.Reset, EndPoint: ProcessEndPoint };

    /// <summary>Tells how it ended, where the peer is one, and how many bytes it did not read.</summary>
    internal static void ReportExit(Connection peer, long unread = 0)
    {
        if (peer.RemoteEndPoint is not ProcessEndPoint program || !peer.TryGetExitCode(out int code))
            return;
        peer.TryGetPeerCredentials(out PeerCredentials credentials);
        string end = code > SignalBase ? $"exit code {code} (signal {code - SignalBase})" : $"exit code {code}";
        string left = unread > 0 ? $", {unread} bytes of its input not read" : "";
        StandardError.WriteLine($"{PlainText.OneLine(program.ToString())} (pid {credentials.ProcessId}): {end}{left}");
    }
}
