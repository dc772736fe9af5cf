using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Joins each client to a connection of its own to the target.</summary>
internal sealed class RelayService(EndPoint target, ConnectionOptions options, bool dropsAnswers) : Service
{
    private int? _fatalExitCode;

    internal override string Description => $"join to {ParleyEndPoint.Format(target)}";

    internal override string Place(EndPoint local) => $"{base.Place(local)} -> {ParleyEndPoint.Format(target)}";

    // The relay carries a break of one side to the other by itself, and leaves alone a side that still has something to get.
    internal override bool ResetsOnFailure => false;

    internal override int? FatalExitCode => _fatalExitCode;

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesSent + statistics.BytesReceived > 0;

    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        Connection far = await ConnectAsync(client, cancellationToken);
        ConnectionException? failure;

        // The client is broken off by the server; nothing but this ends a wait for the target.
        await using CancellationTokenRegistration cut = cancellationToken.Register(() => far.Abort());
        try
        {
            failure = dropsAnswers
                ? await SendOnAsync(client, far)
                : (await ConnectionRelay.JoinAsync(client, far, CancellationToken.None)).Failure;
        }
        finally
        {
            await far.DisposeAsync();
        }

        if (failure is not null)
            throw failure;
    }

    /// <summary>
    /// One way, for a client that cannot be answered. What the target says is read all the same, for it would not end otherwise: until the
    /// client has ended here, and after that by the close, which waits for the target's end no longer than its timeout.
    /// </summary>
    private static async Task<ConnectionException?> SendOnAsync(Connection client, Connection far)
    {
        Task copy = ConnectionRelay.CopyAsync(client, far, CancellationToken.None);
        using var enough = new CancellationTokenSource();
        Task answers = Discard.AllAsync(far.Input, enough.Token).AsTask();
        try
        {
            // The first one to break is told at once: a client that says nothing would never learn that the target is gone.
            await await Task.WhenAny(copy, answers);
            await copy;
            await enough.CancelAsync();
            await answers;
            return null;
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            return null;
        }
        catch (ConnectionException broken)
        {
            client.Abort(broken);
            far.Abort(broken);
            await Task.WhenAll(copy, answers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return broken;
        }
    }

    private async ValueTask<Connection> ConnectAsync(Connection client, CancellationToken cancellationToken)
    {
        try
        {
            return await Connection.ConnectAsync(target, options, cancellationToken);
        }
        catch (ConnectionException unreachable)
        {
            client.Abort(unreachable);
            _fatalExitCode = Failure.Report(unreachable);
            throw;
        }
    }
}
