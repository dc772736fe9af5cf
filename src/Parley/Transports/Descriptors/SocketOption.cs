using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Settings of a socket.</summary>
internal static unsafe class SocketOption
{
    internal static void Set(DescriptorHandle socket, int level, int name, int value)
    {
        if (Libc.SetSockOpt(socket, level, name, &value, sizeof(int)) < 0)
            throw ConnectionException.FromErrno(Step.Socket, Errno.Last, null);
    }
}
