using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary>What is known of a peer that answered.</summary>
/// <param name="Took">How long connecting took.</param>
/// <param name="Local">Our address, where there is one.</param>
/// <param name="Remote">The address that answered: a name's, once it was looked up.</param>
/// <param name="Peer">The process that answered, where the kernel knows it.</param>
/// <param name="Tcp">What the kernel knew of the connection when it was made, if it was asked.</param>
internal sealed record PingReply(TimeSpan Took, EndPoint? Local, EndPoint? Remote, PeerCredentials? Peer, TcpStatistics? Tcp)
{
    /// <summary>In one line, what <see cref="Took"/> does not say.</summary>
    internal string Details()
    {
        List<string> known = [];
        if (Remote is not null)
            known.Add($"answered by {ParleyEndPoint.Format(Remote)}");
        if (Peer is { } peer)
            known.Add($"process {peer.ProcessId} of user {peer.UserId}");
        if (Local is IPEndPoint)
            known.Add($"from {ParleyEndPoint.Format(Local)}");
        if (Tcp is not null)
            known.Add($"TCP_INFO: round trip {Units.Duration(Tcp.RoundTrip)} (± {Units.Duration(Tcp.RoundTripVariation)}), {Tcp.Retransmits} retransmits");
        return "  " + string.Join(", ", known);
    }
}
