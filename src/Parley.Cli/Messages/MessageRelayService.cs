using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Messages;

/// <summary>Moves the messages of each client to the one target.</summary>
internal sealed class MessageRelayService(RelayRun run, MessageChannelOptions options) : ChannelService(options), IDisposable
{
    private readonly CancellationTokenSource _finished = new();
    private int? _fatalExitCode;
    private int _isFatal;

    internal override string Description => "move the messages of";

    internal override int? FatalExitCode => _fatalExitCode;

    internal override CancellationToken Finished => _finished.Token;

    internal override string Place(EndPoint local) => run.Place(local);

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesReceived > 0;

    public void Dispose() => _finished.Dispose();

    internal override async ValueTask ServeAsync(MessageChannel client, EndPoint? peer, CancellationToken cancellationToken)
    {
        EndPoint who = peer ?? StandardStreamsEndPoint.Instance;
        try
        {
            await run.MoveAsync(client, who, long.MaxValue, CancellationToken.None, cancellationToken);
        }
        catch (ConnectionException broken) when (broken.Step is Step.Receive)
        {
            // A torn message is lost, and nobody else says so, but of a liar in shared memory the listener.
            if (!IsToldByListener(broken))
                Failure.Report(broken);
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server breaks off who is left, and says so; a message in hand was seen to.
        }
        catch (ConnectionException gone)
        {
            // The target failed for good: no client can be served any more. One line is enough for all of them.
            if (Interlocked.CompareExchange(ref _isFatal, 1, 0) == 0)
                _fatalExitCode = Failure.Report(gone);
            await _finished.CancelAsync();
            throw;
        }
    }
}
