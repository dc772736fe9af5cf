using System.Net;
using System.Net.Sockets;
using Parley.Interop.Linux;

namespace Parley.Transports.Datagrams;

/// <summary>Opens a channel to one address.</summary>
internal static class DatagramOpening
{
    internal static MessageChannel Open(IPEndPoint address, UdpEndPoint asked, MessageChannelOptions options)
    {
        if (address.Port == 0)
            throw new ConnectionException(Step.Connect, Reason.Other, asked, "nothing can be sent to port 0");
        if (MulticastGroups.Has(address.Address) || address.Address.Equals(IPAddress.Broadcast))
            return OpenToMany(address, asked, options);
        DescriptorHandle handle = DatagramSocket.New(address, asked, options);
        try
        {
            int error = DatagramSocket.Connect(handle, address, options);
            if (error == Errno.EACCES && IsBroadcast(handle, address, options))
            {
                handle.Dispose();
                return OpenToMany(address, asked, options);
            }

            if (error != 0)
                throw ConnectionException.FromErrno(Step.Connect, error, asked);
            var remote = new UdpEndPoint(address);
            UdpEndPoint? local = DatagramSocket.LocalEndPoint(handle);

            // With nobody receiving on a port that the system hands out to clients, a socket can be connected to itself.
            if (remote.Equals(local))
                throw new ConnectionException(Step.Connect, Reason.Refused, asked, "nobody receives there but this very socket", Errno.ECONNREFUSED);
            return new DatagramChannel(handle, address, local, remote, isConnected: true, options);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    // Only the kernel knows the broadcast addresses of this machine's networks: it refuses them until the socket is allowed to use them.
    private static bool IsBroadcast(DescriptorHandle handle, IPEndPoint address, MessageChannelOptions options)
    {
        DatagramSocket.AllowBroadcast(handle);
        return DatagramSocket.Connect(handle, address, options) == 0;
    }

    // Whoever answers does so from an address of its own: a connected socket would not hear it.
    private static DatagramChannel OpenToMany(IPEndPoint address, UdpEndPoint asked, MessageChannelOptions options)
    {
        DescriptorHandle handle = DatagramSocket.New(address, asked, options);
        try
        {
            if (!MulticastGroups.Has(address.Address))
                DatagramSocket.AllowBroadcast(handle);
            else if (options.MulticastInterface is { } through)
                MulticastMembership.SendThrough(handle, through, asked);
            bool isIPv4 = address.AddressFamily == AddressFamily.InterNetwork;
            DatagramSocket.Bind(handle, new IPEndPoint(isIPv4 ? IPAddress.Any : IPAddress.IPv6Any, 0), asked, options);
            return new DatagramChannel(handle, address, DatagramSocket.LocalEndPoint(handle), new UdpEndPoint(address), isConnected: false, options);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }


}
