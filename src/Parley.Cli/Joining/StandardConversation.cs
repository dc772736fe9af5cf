using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Joining;

/// <summary>One conversation between a peer and the standard streams, from its first byte to its report.</summary>
internal sealed class StandardConversation(Connection standard, bool verbose, bool progress)
{
    internal static ValueTask<Connection> OpenStandardStreamsAsync(CancellationToken cancellationToken) => Connection.ConnectAsync(
        StandardStreamsEndPoint.Instance, new ConnectionOptions { RunContinuationsInline = true }, cancellationToken);

    /// <summary>Holds the conversation and disposes the peer.</summary>
    /// <exception cref="ConnectionException">It broke off.</exception>
    internal async Task RunAsync(Connection peer, Flow flow, CancellationToken cancellationToken)
    {
        EndPoint? who = verbose ? peer.RemoteEndPoint ?? peer.LocalEndPoint : null;
        Exception? failure = null;
        Exception? unread = null;
        await using (Progress.Start(progress, () => peer.Statistics.BytesSent + peer.Statistics.BytesReceived))
        {
            try
            {
                unread = await new StandardStreamsJoin(standard, flow).RunAsync(peer, cancellationToken);
            }
            catch (Exception broken) when (broken is ConnectionException or OperationCanceledException)
            {
                failure = broken;
                peer.Abort(broken);
            }

            try
            {
                await peer.DisposeAsync();
            }
            catch (ConnectionException undelivered)
            {
                if (ChildProgram.HasReadEnough(undelivered))
                    unread ??= undelivered;
                else
                    failure ??= undelivered;
            }
        }

        if (verbose)
        {
            Conversation.Report(who, peer.Statistics, failure ?? unread);
            ChildProgram.ReportExit(peer);
        }

        if (failure is not null)
            throw failure;
    }
}
