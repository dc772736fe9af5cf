using System.Net;
using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>Connects a socket to one address.</summary>
internal sealed class SocketConnector(EndPoint address, EndPoint asked, ConnectionOptions options)
{
    private static readonly TimeSpan LongestBacklogPause = TimeSpan.FromMilliseconds(50);

    private readonly bool _isTcp = address is IPEndPoint;

    /// <summary>
    /// The file of the socket where it lies in a folder for all users: then that very file is connected to, and who listens there is
    /// looked at before a byte is sent.
    /// </summary>
    internal DescriptorHandle? OwnFile { get; init; }

    /// <summary>Connects until <paramref name="due"/>.</summary>
    internal async ValueTask<Connection> ConnectAsync(long due, CancellationToken cancellationToken)
    {
        if (address is IPEndPoint ip && options.AccessRules is { } rules && !rules.MayPermit(AddressRange.NumberOf(ip.Address)))
            throw new ConnectionException(Step.Connect, Reason.Denied, asked, $"a server at {ip.Address}: {LocalPeer.RulesSayNo}");
        DescriptorHandle handle = Open();
        var descriptor = new StreamDescriptor(handle, EventLoop.Shared, options.RunContinuationsInline);
        try
        {
            if (_isTcp)
                SocketCalls.ApplyTcpOptions(handle, options);
            long started = CallTrace.Now(options);
            int error = await ConnectAsync(descriptor, due, cancellationToken).ConfigureAwait(false);
            CallTrace.Call(options, "connect", handle, started, -error, address, _isTcp && error == 0 ? SocketCalls.TcpStatistics(handle, bytesSent: 0) : null);
            if (error == Errno.ETIMEDOUT)
                throw new ConnectionException(Step.Connect, Reason.TimedOut, asked, "no answer in time", error);
            if (error != 0)
                throw Failure(error);
            if (_isTcp)
                RefuseSelf(handle);
            if (!_isTcp)
                CheckUser(handle);
            return new SocketConnection(descriptor, _isTcp, new PeerAddress(OwnFile is null ? address : asked), options);
        }
        catch
        {
            long started = CallTrace.Now(options);
            if (descriptor.Close())
                CallTrace.Call(options, "close", handle, started, 0, address);
            throw;
        }
    }

    // The kernel knows who listened. Nothing has been sent yet.
    private void CheckUser(DescriptorHandle handle)
    {
        if (OwnFile is null && options.AccessRules is null)
            return;
        bool isKnown = SocketCalls.TryGetPeerCredentials(handle, out PeerCredentials peer);
        if ((isKnown ? LocalPeer.Objection(options, OwnFile is not null, peer) : "nobody can say whose it is") is not { } objection)
            return;
        string whose = OwnUser.IsThis(peer.UserId) ? "this user's" : "another user's";
        throw new ConnectionException(Step.Connect, Reason.Denied, asked, $"the server is {whose} (uid {peer.UserId}): {objection}");
    }

    private ConnectionException Failure(int error)
        => error == Errno.ECONNREFUSED && address is UnixDomainSocketEndPoint unix && !UnixPath.IsAbstract(UnixPath.Of(unix))
            && SocketPath.DescribeOther(UnixPath.Of(unix)) is { } cause
            ? new ConnectionException(Step.Connect, Reason.Refused, asked, cause, error)
            : ConnectionException.FromErrno(Step.Connect, error, asked);

    private DescriptorHandle Open()
    {
        long started = CallTrace.Now(options);
        DescriptorHandle handle = Libc.Socket(
            KernelAddress.Family(address), Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        int error = handle.IsInvalid ? Errno.Last : 0;
        CallTrace.Call(options, "socket", handle, started, error == 0 ? handle.Number : -error, address);
        return error == 0 ? handle : throw ConnectionException.FromErrno(Step.Socket, error, asked);
    }

    private async ValueTask<int> ConnectAsync(Descriptor descriptor, long due, CancellationToken cancellationToken)
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(1);
        while (true)
        {
            int error = Start(descriptor.Handle);
            if (error == Errno.EINPROGRESS)
                return await AwaitOutcomeAsync(descriptor, due, cancellationToken).ConfigureAwait(false);

            // The backlog of a Unix listener is full. The kernel does not say when that changes.
            if (error != Errno.EAGAIN || _isTcp)
                return error;
            if (Clock.IsOver(due))
                return Errno.ETIMEDOUT;
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            pause = pause * 2 < LongestBacklogPause ? pause * 2 : LongestBacklogPause;
        }
    }

    private unsafe int Start(DescriptorHandle handle)
    {
        byte* bytes = stackalloc byte[KernelAddress.MaxSize];
        EndPoint where = OwnFile is null ? address : new UnixDomainSocketEndPoint($"/proc/self/fd/{OwnFile.Number}");
        uint length = KernelAddress.Encode(where, bytes);
        int error = Libc.Connect(handle, bytes, length) == 0 ? 0 : Errno.Last;

        // After EINTR connecting goes on in the background, as after EINPROGRESS.
        return error == Errno.EINTR ? Errno.EINPROGRESS : error;
    }

    private static async ValueTask<int> AwaitOutcomeAsync(Descriptor descriptor, long due, CancellationToken cancellationToken)
    {
        while (true)
        {
            WaitResult result = await descriptor.WaitWritableAsync(due, cancellationToken).ConfigureAwait(false);
            if (result == WaitResult.Canceled)
                throw new OperationCanceledException(cancellationToken);
            if (result == WaitResult.Ready && SocketState.TakeError(descriptor.Handle) is var error && (error != 0 || SocketNames.IsConnected(descriptor.Handle)))
                return error;
            if (Clock.IsOver(due))
                return Errno.ETIMEDOUT;
        }
    }

    // With nobody listening on a port that the system hands out to clients, a socket can be connected to itself.
    private void RefuseSelf(DescriptorHandle handle)
    {
        var local = (IPEndPoint?)SocketNames.LocalEndPoint(handle);
        if (local is null || !local.Equals(SocketNames.RemoteEndPoint(handle)))
            return;
        SocketCalls.ResetOnClose(handle);
        throw new ConnectionException(
            Step.Connect, Reason.Refused, asked, "connection refused, for nothing but this very socket would have answered", Errno.ECONNREFUSED);
    }
}
