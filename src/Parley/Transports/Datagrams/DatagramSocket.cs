using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

/// <summary>The system calls that make a UDP socket ready for its address.</summary>
internal static unsafe class DatagramSocket
{
    internal static DescriptorHandle New(IPEndPoint address, EndPoint asked, MessageChannelOptions options)
    {
        long started = CallTrace.Now(options);
        DescriptorHandle handle = Libc.Socket(
            KernelAddress.Family(address), Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        int error = handle.IsInvalid ? Errno.Last : 0;
        CallTrace.Call(options, "socket", handle, started, error == 0 ? handle.Number : -error, asked);
        return error == 0 ? handle : throw ConnectionException.FromErrno(Step.Socket, error, asked);
    }

    internal static void Bind(DescriptorHandle handle, IPEndPoint address, EndPoint asked, MessageChannelOptions options)
    {
        byte* bytes = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.Encode(address, bytes);
        long started = CallTrace.Now(options);
        int error = Libc.Bind(handle, bytes, length) == 0 ? 0 : Errno.Last;
        CallTrace.Call(options, "bind", handle, started, -error, new UdpEndPoint(address));
        if (error != 0)
            throw ConnectionException.FromErrno(Step.Bind, error, asked);
    }

    /// <summary>Names the peer that the socket sends to, and that alone is heard. Sends nothing.</summary>
    /// <returns>0, or an error number.</returns>
    internal static int Connect(DescriptorHandle handle, IPEndPoint address, MessageChannelOptions options)
    {
        byte* bytes = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.Encode(address, bytes);
        long started = CallTrace.Now(options);
        int error = Libc.Connect(handle, bytes, length) == 0 ? 0 : Errno.Last;
        CallTrace.Call(options, "connect", handle, started, -error, new UdpEndPoint(address));
        return error;
    }

    internal static void AllowBroadcast(DescriptorHandle handle) => SocketOption.Set(handle, Libc.SOL_SOCKET, Libc.SO_BROADCAST, 1);

    internal static UdpEndPoint? LocalEndPoint(DescriptorHandle handle)
        => SocketNames.LocalEndPoint(handle) is { } local ? new UdpEndPoint(local) : null;

    /// <summary>How many datagrams the kernel threw away for want of room.</summary>
    internal static long Dropped(DescriptorHandle handle)
    {
        const int Values = 9;
        const int Drops = 8;
        uint* values = stackalloc uint[Values];
        uint length = Values * sizeof(uint);
        return Libc.GetSockOpt(handle, Libc.SOL_SOCKET, Libc.SO_MEMINFO, values, &length) == 0 && length == Values * sizeof(uint) ? values[Drops] : 0;
    }
}
