using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

/// <summary>Joins groups, and chooses the interface that multicast goes through.</summary>
internal static unsafe class MulticastMembership
{
    /// <summary>Receives what is sent to a group; of what is sent to groups, nothing else.</summary>
    /// <param name="socket">A socket of the group's family.</param>
    /// <param name="group">The group.</param>
    /// <param name="through">An address of the interface; <see langword="null"/> lets the system choose.</param>
    /// <param name="asked">What stands for the address in errors.</param>
    internal static void Join(DescriptorHandle socket, IPAddress group, IPAddress? through, EndPoint asked)
    {
        // By default a socket hears every group that anybody on this machine has joined.
        if (group.AddressFamily == AddressFamily.InterNetwork)
        {
            SocketOption.Set(socket, Libc.IPPROTO_IP, Libc.IP_MULTICAST_ALL, 0);
            var request = new MulticastRequest4 { Group = Number(group), Interface = through is null ? 0 : Number(through) };
            Check(Libc.SetSockOpt(socket, Libc.IPPROTO_IP, Libc.IP_ADD_MEMBERSHIP, &request, (uint)sizeof(MulticastRequest4)), group, through, asked);
        }
        else
        {
            SocketOption.Set(socket, Libc.IPPROTO_IPV6, Libc.IPV6_MULTICAST_ALL, 0);
            var request = new MulticastRequest6 { InterfaceIndex = through is null ? (uint)group.ScopeId : IndexOf(through, asked) };
            group.TryWriteBytes(new Span<byte>(request.Group, 16), out _);
            Check(Libc.SetSockOpt(socket, Libc.IPPROTO_IPV6, Libc.IPV6_ADD_MEMBERSHIP, &request, (uint)sizeof(MulticastRequest6)), group, through, asked);
        }
    }

    /// <summary>Sends multicast through the interface that has this address.</summary>
    internal static void SendThrough(DescriptorHandle socket, IPAddress through, EndPoint asked)
    {
        if (through.AddressFamily == AddressFamily.InterNetwork)
        {
            var request = new MulticastRequest4 { Interface = Number(through) };
            Check(Libc.SetSockOpt(socket, Libc.IPPROTO_IP, Libc.IP_MULTICAST_IF, &request, (uint)sizeof(MulticastRequest4)), null, through, asked);
        }
        else
        {
            uint index = IndexOf(through, asked);
            Check(Libc.SetSockOpt(socket, Libc.IPPROTO_IPV6, Libc.IPV6_MULTICAST_IF, &index, sizeof(uint)), null, through, asked);
        }
    }

    // IPv6 names an interface by its number, which a link-local address carries with it.
    private static uint IndexOf(IPAddress address, EndPoint asked)
    {
        if (address.ScopeId != 0)
            return (uint)address.ScopeId;
        foreach (NetworkInterface each in NetworkInterface.GetAllNetworkInterfaces())
        {
            IPInterfaceProperties properties = each.GetIPProperties();
            if (properties.UnicastAddresses.Any(own => own.Address.Equals(address)))
                return (uint)properties.GetIPv6Properties().Index;
        }

        throw NoSuchInterface(address, asked, 0);
    }

    private static uint Number(IPAddress address)
    {
        uint number = 0;
        address.TryWriteBytes(new Span<byte>(&number, sizeof(uint)), out _);
        return number;
    }

    private static void Check(int result, IPAddress? group, IPAddress? through, EndPoint asked)
    {
        if (result == 0)
            return;
        int error = Errno.Last;
        if (error is Errno.EADDRNOTAVAIL or Errno.ENODEV && through is not null)
            throw NoSuchInterface(through, asked, error);
        string cause = error == Errno.ENODEV
            ? $"no route says through which interface the group {group} is reached: name one"
            : $"cannot join the group {group}: {Errno.Describe(error)}";
        throw new ConnectionException(Step.Bind, ErrnoReasons.Of(error, Step.Bind), asked, cause, error);
    }

    private static ConnectionException NoSuchInterface(IPAddress address, EndPoint asked, int error)
        => new(Step.Bind, Reason.NotFound, asked, $"no interface of this machine has the address {address}", error);
}
