using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Messages;

/// <summary>Prints the messages of each client.</summary>
internal sealed class ReceiveService(Receiver receiver, MessageChannelOptions options, bool verbose) : ChannelService(options)
{
    internal override string Description => "print the messages of";

    internal override CancellationToken Finished => receiver.Over;

    internal override TimeSpan LongestLeave => Leave.LongestClose;

    internal override async ValueTask ServeAsync(MessageChannel client, EndPoint? peer, CancellationToken cancellationToken)
    {
        try
        {
            await receiver.RunAsync(client, peer, cancellationToken);
        }
        catch (ConnectionException broken) when (!receiver.Over.IsCancellationRequested)
        {
            // What a torn message had of use is lost, and nobody else says so, but of a liar in shared memory the listener.
            if (!verbose && !IsToldByListener(broken))
                Failure.Report(broken);
            throw;
        }
    }
}
