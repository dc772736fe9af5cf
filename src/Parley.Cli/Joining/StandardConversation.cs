using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Joining;

/// <summary>One conversation between a peer and the standard streams, from its first byte to its report.</summary>
internal sealed class StandardConversation(bool verbose, bool progress, Flow flow)
{
    private readonly Conversations _conversations = new();
    private readonly long? _size = progress && flow != Flow.ReceiveOnly ? StandardInput.BytesLeft() : null;

    internal static ValueTask<Connection> OpenStandardStreamsAsync(CancellationToken cancellationToken) => Connection.ConnectAsync(
        StandardStreamsEndPoint.Instance, new ConnectionOptions { RunContinuationsInline = true }, cancellationToken);

    /// <summary>Says on SIGUSR1 how it goes.</summary>
    internal StatisticsSignal TellOnSignal(Func<EndPoint> where) => new(() => ParleyEndPoint.Format(where()), _conversations.Traffic);

    /// <summary>Holds the conversation and disposes the peer.</summary>
    /// <exception cref="ConnectionException">It broke off.</exception>
    internal async Task RunAsync(Connection standard, Connection peer, CancellationToken cancellationToken)
    {
        _conversations.Add(peer);
        EndPoint? who = verbose ? peer.RemoteEndPoint ?? peer.LocalEndPoint : null;
        Exception? failure = null;
        Exception? unread = null;
        await using (Progress.Start(progress, _conversations.Traffic, _size))
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
            finally
            {
                _conversations.Remove(peer);
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
