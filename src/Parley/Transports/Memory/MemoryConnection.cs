using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Memory;

/// <summary>
/// One end of a conversation within this process. It is a socket without a name, so that tests meet the waits, limits and ends that they
/// will meet outside; only a break is carried to the other end directly, for such a socket has no reset.
/// </summary>
internal sealed class MemoryConnection(Descriptor descriptor, EndPoint? endPoint, ConnectionOptions options)
    : DescriptorConnection(descriptor, descriptor, options)
{
    private MemoryConnection? _peer;
    private volatile bool _isReset;

    public override EndPoint? LocalEndPoint => endPoint;

    public override EndPoint? RemoteEndPoint => endPoint;

    internal static (MemoryConnection First, MemoryConnection Second) CreatePair(EndPoint? endPoint, ConnectionOptions first, ConnectionOptions second)
    {
        (DescriptorHandle one, DescriptorHandle other) = OpenPair(endPoint);
        var here = new MemoryConnection(new StreamDescriptor(one, EventLoop.Shared, first.RunContinuationsInline), endPoint, first);
        var there = new MemoryConnection(new StreamDescriptor(other, EventLoop.Shared, second.RunContinuationsInline), endPoint, second);
        (here._peer, there._peer) = (there, here);
        return (here, there);
    }

    internal override nint Receive(Span<byte> buffer) => _isReset ? -Errno.ECONNRESET : base.Receive(buffer);

    internal override nint Transmit(ReadOnlySpan<byte> bytes, bool moreFollows)
        => _isReset ? -Errno.ECONNRESET : base.Transmit(bytes, moreFollows);

    internal override int EndWrites() => Libc.Shutdown(WriteDescriptor.Handle, Libc.SHUT_WR) < 0 ? -Errno.Last : 0;

    internal override long CountUndelivered() => Math.Min(SocketState.QueuedBytes(WriteDescriptor.Handle), Statistics.BytesSent);

    private protected override int PendingError() => _isReset ? Errno.ECONNRESET : SocketState.TakeError(WriteDescriptor.Handle);

    // The close that follows wakes the peer, which then finds this.
    private protected override void PrepareReset()
    {
        if (_peer is not null)
            _peer._isReset = true;
    }

    private static unsafe (DescriptorHandle One, DescriptorHandle Other) OpenPair(EndPoint? endPoint)
    {
        int* pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, pair) < 0)
            throw ConnectionException.FromErrno(Step.Socket, Errno.Last, endPoint);
        return (new DescriptorHandle(pair[0]), new DescriptorHandle(pair[1]));
    }
}
