using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

/// <summary>Binds a channel to one address of this machine, or to a group.</summary>
internal static class DatagramBinding
{
    internal static MessageChannel Bind(IPEndPoint address, UdpEndPoint asked, MessageChannelOptions options)
    {
        bool isGroup = MulticastGroups.Has(address.Address);
        bool isAny = address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any);
        IPAddress? group = options.MulticastGroup ?? (isGroup ? address.Address : null);
        if (isGroup && !address.Address.Equals(group))
            throw new ArgumentException($"{asked} is another group than {group}.", nameof(options));
        IPAddress? through = options.MulticastInterface ?? (group is null || isGroup || isAny ? null : address.Address);

        // Who binds to an address of this machine receives nothing that is sent to a group. Bound to the group it receives nothing else,
        // so that it is reached from nowhere that the address is not reached from.
        IPEndPoint bound = group is null || isAny ? address : new IPEndPoint(group, address.Port);
        DescriptorHandle handle = DatagramSocket.New(address, asked, options);
        try
        {
            // A port that the system chooses shall be nobody else's: to a socket that shares already it may give one that is shared.
            if (group is not null && bound.Port != 0)
                SharePort(handle, isGroup: !isAny);
            DatagramSocket.Bind(handle, bound, asked, options);
            if (group is not null && bound.Port == 0)
                SharePort(handle, isGroup: !isAny);
            if (group is not null)
                MulticastMembership.Join(handle, group, through, asked);
            if (through is not null)
                MulticastMembership.SendThrough(handle, through, asked);
            UdpEndPoint local = DatagramSocket.LocalEndPoint(handle) ?? new UdpEndPoint(bound);
            return new DatagramChannel(handle, address, local, remote: null, isConnected: false, options);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    // A group is received by all its members on this machine, each on a socket of its own. What is sent to this machine at the same port goes to one of them
    // alone: to no other user's.
    private static void SharePort(DescriptorHandle handle, bool isGroup)
        => SocketOption.Set(handle, Libc.SOL_SOCKET, isGroup ? Libc.SO_REUSEADDR : Libc.SO_REUSEPORT, 1);
}
