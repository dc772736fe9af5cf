using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Joins each client to a connection of its own to the target.</summary>
internal sealed class RelayService(EndPoint target, ConnectionOptions options) : Service
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
        RelayResult result;

        // The client is broken off by the server; nothing but this ends a wait for the target.
        await using CancellationTokenRegistration cut = cancellationToken.Register(() => far.Abort());
        try
        {
            result = await ConnectionRelay.JoinAsync(client, far, CancellationToken.None);
        }
        finally
        {
            await far.DisposeAsync();
        }

        if (result.Failure is not null)
            throw result.Failure;
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
