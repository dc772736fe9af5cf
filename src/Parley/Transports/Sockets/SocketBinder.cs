using System.Net;
using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>Socket, bind, listen: the tutorial's first three steps.</summary>
internal static unsafe class SocketBinder
{
    /// <param name="address">Where.</param>
    /// <param name="asked">What stands for it in errors.</param>
    /// <param name="options">How.</param>
    /// <param name="ownUserOnly">Whether the address lies where any user can put something, and no other user is to be dealt with.</param>
    /// <param name="lastWords">What clients are told that are turned away.</param>
    internal static ConnectionListener Bind(EndPoint address, EndPoint asked, ListenerOptions options, bool ownUserOnly = false, LastWords? lastWords = null)
    {
        bool isTcp = address is IPEndPoint;
        UnixFileMode mode = ownUserOnly && !LocalPeer.AllowsOthers(options) ? UnixFileMode.UserRead | UnixFileMode.UserWrite : options.UnixSocketMode;
        SocketPath? path = null;
        if (address is UnixDomainSocketEndPoint unix && !UnixPath.IsAbstract(UnixPath.Of(unix)))
            path = SocketPath.Claim(UnixPath.Of(unix), asked, ownUserOnly);

        DescriptorHandle? handle = null;
        try
        {
            handle = Open(address, asked, options);
            if (isTcp)
            {
                // Without it a restart within a minute of the last client would find the port taken (TIME_WAIT).
                SocketOption.Set(handle, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
                SocketCalls.ApplyTcpOptions(handle, options);
            }
            else if (path is not null && Libc.FChMod(handle, (uint)mode) < 0)
            {
                // The file is made with these permissions at most: there is no moment at which it has wider ones.
                throw ConnectionException.FromErrno(Step.Bind, Errno.Last, asked);
            }

            Bind(handle, address, asked, options);
            path?.NoteBound(mode, asked);
            Listen(handle, address, asked, options);
            EndPoint local = ownUserOnly ? asked : SocketNames.LocalEndPoint(handle) ?? address;
            var descriptor = new LevelDescriptor(handle, EventLoop.Shared, options.RunContinuationsInline);
            return new SocketConnectionListener(descriptor, isTcp, local, path, ownUserOnly, options) { LastWords = lastWords };
        }
        catch
        {
            handle?.Dispose();
            path?.Dispose();
            throw;
        }
    }

    private static DescriptorHandle Open(EndPoint address, EndPoint asked, ListenerOptions options)
    {
        long started = CallTrace.Now(options);
        DescriptorHandle handle = Libc.Socket(
            KernelAddress.Family(address), Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        int error = handle.IsInvalid ? Errno.Last : 0;
        CallTrace.Call(options, "socket", handle, started, error == 0 ? handle.Number : -error, address);
        return error == 0 ? handle : throw ConnectionException.FromErrno(Step.Socket, error, asked);
    }

    private static void Bind(DescriptorHandle handle, EndPoint address, EndPoint asked, ListenerOptions options)
    {
        byte* bytes = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.Encode(address, bytes);
        long started = CallTrace.Now(options);
        int error = Libc.Bind(handle, bytes, length) == 0 ? 0 : Errno.Last;
        CallTrace.Call(options, "bind", handle, started, -error, address);
        if (error != 0)
            throw ConnectionException.FromErrno(Step.Bind, error, asked);
    }

    private static void Listen(DescriptorHandle handle, EndPoint address, EndPoint asked, ListenerOptions options)
    {
        long started = CallTrace.Now(options);
        int error = Libc.Listen(handle, options.Backlog) == 0 ? 0 : Errno.Last;
        CallTrace.Call(options, "listen", handle, started, -error, address, argument: options.Backlog);
        if (error != 0)
            throw ConnectionException.FromErrno(Step.Listen, error, asked);
    }
}
