using System.Net;
using System.Net.Sockets;
using Parley.Transports.Addresses;

namespace Parley.Transports.Datagrams;

/// <summary>UDP on Linux: looks names up, and tries each address in turn.</summary>
internal static class DatagramTransport
{
    internal static ValueTask<MessageChannel> OpenAsync(UdpEndPoint remote, MessageChannelOptions options, CancellationToken cancellationToken)
    {
        if (options.MulticastGroup is not null)
            throw new ArgumentException("A group is joined by a channel that is bound. To send to one, open its address.", nameof(options));
        return TryEachAsync(remote, Step.Connect, options, address => DatagramOpening.Open(address, remote, options), cancellationToken);
    }

    internal static ValueTask<MessageChannel> BindAsync(UdpEndPoint local, MessageChannelOptions options, CancellationToken cancellationToken)
        => TryEachAsync(local, Step.Bind, options, address => DatagramBinding.Bind(address, local, options), cancellationToken);

    private static async ValueTask<MessageChannel> TryEachAsync(
        UdpEndPoint asked, Step step, MessageChannelOptions options, Func<IPEndPoint, MessageChannel> make, CancellationToken cancellationToken)
    {
        EndPoint[] addresses = await HostNames.ResolveAsync(OfTheFamily(asked, options), asked, step, options, cancellationToken).ConfigureAwait(false);
        for (int i = 0; ; i++)
        {
            try
            {
                return make((IPEndPoint)addresses[i]);
            }
            catch (ConnectionException) when (i < addresses.Length - 1)
            {
                // The next address may be reachable, or one of this machine; if none is, the last one's failure is told.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    // A name may have addresses of both families, a group has one.
    private static EndPoint OfTheFamily(UdpEndPoint asked, MessageChannelOptions options)
    {
        AddressFamily? wanted = (options.MulticastGroup ?? options.MulticastInterface)?.AddressFamily;
        if (wanted is not { } family || asked.Address is IPEndPoint ip && ip.AddressFamily == family)
            return asked.Address;
        return asked.Address is DnsEndPoint name
            ? new DnsEndPoint(name.Host, name.Port, family)
            : throw new ArgumentException($"{asked} is of another family than the multicast group or interface.", nameof(options));
    }
}
