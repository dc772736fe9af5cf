using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Joining;

/// <summary>One conversation between a peer and the standard streams, from its first byte to its report.</summary>
internal sealed class StandardConversation(bool verbose, bool progress, Flow flow)
{
    private static readonly TimeSpan LongestDelivery = TimeSpan.FromSeconds(10);

    private readonly Conversations _conversations = new();
    private readonly long? _size = progress && flow != Flow.ReceiveOnly ? StandardInput.BytesLeft() : null;

    internal static ValueTask<Connection> OpenStandardStreamsAsync(CancellationToken cancellationToken) => Connection.ConnectAsync(
        StandardStreamsEndPoint.Instance, new ConnectionOptions { RunContinuationsInline = true }, cancellationToken);

    /// <summary>Says on SIGUSR1 how it goes.</summary>
    internal StatisticsSignal TellOnSignal(Func<EndPoint> where, Func<ListenerStatistics>? turnedAway = null)
        => new(() => ParleyEndPoint.Format(where()), () => _conversations.Traffic().With(turnedAway?.Invoke()));

    /// <summary>Whether the conversation ended because nobody reads standard output any more.</summary>
    internal bool HasLostOutput { get; private set; }

    /// <summary>
    /// Nobody reads what the peer says. It shall have what was sent to it, but its own words are not waited for: a program meets a pipe
    /// that nobody reads, anybody else a reset.
    /// </summary>
    private async ValueTask LeaveAsync(Connection peer, CancellationToken cancellationToken)
    {
        HasLostOutput = true;
        if (peer.RemoteEndPoint is ProcessEndPoint)
        {
            await peer.Input.CompleteAsync();
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestDelivery);
        try
        {
            await peer.WaitForDeliveryAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It takes nothing, and is broken off as any peer that does not.
        }

        peer.Abort();
    }

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
            var join = new StandardStreamsJoin(standard, flow);
            try
            {
                unread = await join.RunAsync(peer, cancellationToken);
                if (join.HasLostOutput)
                    await LeaveAsync(peer, cancellationToken);
            }
            catch (Exception broken) when (broken is ConnectionException or OperationCanceledException)
            {
                failure = broken;
                if (!join.HasLostReader)
                    peer.Abort(broken);
            }

            try
            {
                // Whoever interrupts does not wait for the peer's end either.
                await using (cancellationToken.UnsafeRegister(static leaving => ((Connection)leaving!).Abort(), peer))
                    await peer.DisposeAsync();
            }
            catch (ConnectionException) when (HasLostOutput)
            {
                // It was broken off because nobody reads what it says.
            }
            catch (ConnectionException undelivered)
            {
                if (ChildProgram.HasReadEnough(undelivered))
                    unread ??= undelivered;
                else if (failure is null || join.HasLostReader)
                    failure = undelivered;
            }
            finally
            {
                _conversations.Remove(peer);
            }
        }

        if (failure is ConnectionException && cancellationToken.IsCancellationRequested)
            failure = new OperationCanceledException(cancellationToken);
        if (verbose)
        {
            Conversation.Report(who, peer.Statistics, failure ?? unread);
            ChildProgram.ReportExit(peer);
        }

        if (failure is not null)
            throw failure;
    }
}
