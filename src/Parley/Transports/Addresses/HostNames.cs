using System.Net;
using System.Net.Sockets;

namespace Parley.Transports.Addresses;

/// <summary>Looks host names up.</summary>
internal static class HostNames
{
    /// <summary>The addresses of an endpoint: what a host name stands for, or the address that it is.</summary>
    /// <param name="endPoint">The endpoint.</param>
    /// <param name="asked">What stands for it in errors.</param>
    /// <param name="step">What the addresses are for.</param>
    /// <param name="options">How long it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async ValueTask<EndPoint[]> ResolveAsync(
        EndPoint endPoint, EndPoint asked, Step step, ConnectionOptions options, CancellationToken cancellationToken)
    {
        if (endPoint is not DnsEndPoint name)
            return [endPoint];

        IPAddress[] found;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.ConnectTimeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(options.ConnectTimeout);
        try
        {
            found = await Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, deadline.Token).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            Reason reason = failure.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData ? Reason.NotFound : Reason.Other;
            string cause = reason is Reason.NotFound ? $"host not found: {name.Host}" : $"cannot look up {name.Host}: {failure.Message}";
            throw new ConnectionException(StepOf(step), reason, asked, cause, 0, failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ConnectionException(Step.Resolve, Reason.TimedOut, asked, $"looking up {name.Host} took too long");
        }

        return found.Length == 0
            ? throw new ConnectionException(StepOf(step), Reason.NotFound, asked, $"host has no address: {name.Host}")
            : Array.ConvertAll(found, address => (EndPoint)new IPEndPoint(address, name.Port));

        static Step StepOf(Step step) => step == Step.Bind ? Step.Bind : Step.Resolve;
    }
}
