using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Messages;

/// <summary>Prints the messages of each client of a stream.</summary>
internal sealed class ReceiveService(Receiver receiver, MessageChannelOptions options, bool verbose) : Service
{
    internal override string Description => "print the messages of";

    internal override CancellationToken Finished => receiver.Over;

    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        EndPoint? who = client.RemoteEndPoint;
        try
        {
            MessageChannel channel = MessageChannel.Over(client, options);
            await receiver.RunAsync(channel, who, cancellationToken);
        }
        catch (ConnectionException broken) when (!receiver.Over.IsCancellationRequested)
        {
            // What a torn message had of use is lost, and nobody else says so.
            if (!verbose)
                Failure.Report(broken);
            throw;
        }
    }
}
