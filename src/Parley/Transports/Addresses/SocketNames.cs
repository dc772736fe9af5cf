using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Addresses;

/// <summary>The addresses of a socket's two ends.</summary>
internal static unsafe class SocketNames
{
    internal static EndPoint? LocalEndPoint(DescriptorHandle socket)
    {
        byte* address = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.MaxSize;
        return !socket.IsClosed && Libc.GetSockName(socket, address, &length) == 0
            ? KernelAddress.Decode(new ReadOnlySpan<byte>(address, (int)length))
            : null;
    }

    internal static bool IsConnected(DescriptorHandle socket)
    {
        byte* address = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.MaxSize;
        return Libc.GetPeerName(socket, address, &length) == 0;
    }

    internal static EndPoint? RemoteEndPoint(DescriptorHandle socket)
    {
        byte* address = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.MaxSize;
        return !socket.IsClosed && Libc.GetPeerName(socket, address, &length) == 0
            ? KernelAddress.Decode(new ReadOnlySpan<byte>(address, (int)length))
            : null;
    }
}
