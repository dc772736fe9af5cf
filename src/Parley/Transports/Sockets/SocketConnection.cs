using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>A connected TCP or Unix socket.</summary>
internal sealed unsafe partial class SocketConnection(Descriptor descriptor, bool isTcp, PeerAddress remote, ConnectionOptions options)
    : DescriptorConnection(descriptor, descriptor, options)
{
    private PeerAddress _remote = remote;
    private EndPoint? _local;
    private bool _hasHalfClosed;

    /// <summary>What to call this side, where that is not the socket's own address.</summary>
    internal EndPoint? Local
    {
        init => _local = value;
    }

    public override EndPoint? LocalEndPoint => _local ??= SocketNames.LocalEndPoint(ReadDescriptor.Handle);

    public override EndPoint? RemoteEndPoint => _remote.EndPoint;

    public override bool HasHalfClosed => _hasHalfClosed;

    // A Unix socket may stop short where descriptors were sent along.
    internal override bool ShortReadDrains => isTcp;

    public override bool TryGetPeerCredentials(out PeerCredentials credentials)
    {
        credentials = default;
        return !isTcp && SocketCalls.TryGetPeerCredentials(ReadDescriptor.Handle, out credentials);
    }

    private protected override bool MovesInKernel => true;

    internal override nint Receive(Span<byte> buffer)
    {
        while (true)
        {
            nint count = Receive(buffer, Libc.MSG_DONTWAIT);
            if (count != -Errno.EINTR)
                return EndOrBreak(count);
        }
    }

    internal override nint MoveTo(DescriptorHandle target, int most) => EndOrBreak(base.MoveTo(target, most));

    private nint EndOrBreak(nint count)
    {
        if (count != 0)
            return count;

        // A write that met the reset has used it up, and the kernel then calls the break an end.
        if (isTcp)
            return Break == Errno.ECONNRESET || (Break == 0 && HasMovedInKernel && WasReset()) ? -Errno.ECONNRESET : 0;

        // A Unix socket hangs up when its peer closes. It does so too when both sides have ended.
        if (!HasEndedWrites)
            _hasHalfClosed = !SocketState.IsHungUp(ReadDescriptor.Handle);
        return 0;
    }

    internal override nint Transmit(ReadOnlySpan<byte> bytes, bool moreFollows)
    {
        int flags = moreFollows ? Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL | Libc.MSG_MORE : Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL;
        fixed (byte* pointer = bytes)
        {
            while (true)
            {
                nint count = Libc.Send(WriteDescriptor.Handle, pointer, (nuint)bytes.Length, flags);
                if (count >= 0)
                    return count;
                int error = Errno.Last;
                if (error != Errno.EINTR)
                    return -error;
            }
        }
    }

    internal override int EndWrites()
        => Libc.Shutdown(WriteDescriptor.Handle, Libc.SHUT_WR) < 0 ? -Errno.Last : 0;

    internal override long CountUndelivered()
    {
        int queued = SocketState.QueuedBytes(WriteDescriptor.Handle);

        // TCP counts the end mark as one byte until it is acknowledged; a Unix socket counts memory, which is more than the bytes in it.
        if (isTcp)
            return queued > 0 && HasEndedWrites ? queued - 1 : queued;
        return Math.Min(queued, Statistics.BytesSent);
    }

    private protected override bool IsAcknowledged => isTcp;

    // A splice or sendfile that has moved something when it meets the reset returns what it has moved, and the kernel forgets the error.
    private protected override bool WasReset()
        => isTcp && !PeerEnded && SocketCalls.WasReset(WriteDescriptor.Handle, Statistics.BytesReceived);

    private protected override int PendingError() => SocketState.TakeError(WriteDescriptor.Handle);

    // The kernel sees to what it holds itself: it resets a socket that is closed before all of it was read.
    private protected override bool LeavesPeer(bool hasUnread)
    {
        if (hasUnread)
            PrepareReset();
        return true;
    }

    private protected override void PrepareReset() => SocketCalls.ResetOnClose(WriteDescriptor.Handle);

    private protected override TcpStatistics? TcpStatistics()
        => isTcp ? SocketCalls.TcpStatistics(ReadDescriptor.Handle, Statistics.BytesSent) : null;
}
