using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

/// <summary>
/// Datagrams of one UDP socket. A call is tried at once, in the caller; only when it would block does it wait, and of those that wait
/// one at a time for the descriptor.
/// </summary>
/// <param name="handle">The socket, its own from now on.</param>
/// <param name="address">An address of the socket's family.</param>
/// <param name="local">Where it is bound.</param>
/// <param name="remote">Where what has no peer in its header goes.</param>
/// <param name="isConnected">Whether the socket hears <paramref name="remote"/> alone.</param>
/// <param name="options">How it behaves.</param>
internal sealed partial class DatagramChannel(
    DescriptorHandle handle, IPEndPoint address, UdpEndPoint? local, UdpEndPoint? remote, bool isConnected, MessageChannelOptions options)
    : MessageChannel
{
    // 65535, less the header of UDP, and less that of IPv4, which counts its own.
    internal const int LargestIPv4 = 65507;
    private const int LargestIPv6 = 65527;

    private const int CallsInARow = 64;

    private static readonly TimeSpan MemoryPause = TimeSpan.FromMilliseconds(1);

    private readonly DatagramDescriptor _descriptor = new(handle, EventLoop.Shared, options.RunContinuationsInline);
    private readonly int _family = KernelAddress.Family(address);
    private int _callsInARow;
    private int _disposed;
    private long _dropped;

    public override EndPoint? LocalEndPoint => local;

    public override EndPoint? RemoteEndPoint => remote;

    public override int MaxMessageSize => _family == Libc.AF_INET ? LargestIPv4 : LargestIPv6;

    public override MessageStatistics Statistics => new(
        Interlocked.Read(ref _messagesReceived), Interlocked.Read(ref _messagesSent),
        Interlocked.Read(ref _bytesReceived), Interlocked.Read(ref _bytesSent), Interlocked.Read(ref _truncated))
    {
        Dropped = Dropped(),
    };

    internal override TimeSpan SpinTime => options.SpinTime;

    private EndPoint? WhereFor => remote ?? local;

    public override ValueTask DisposeAsync()
    {
        if (Volatile.Read(ref _disposed) != 0)
            return ValueTask.CompletedTask;
        Volatile.Write(ref _dropped, Dropped());
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return ValueTask.CompletedTask;

        // A blocked poll does not notice a close, but this. Of a socket that is not connected it says ENOTCONN, and wakes all the same.
        Libc.Shutdown(handle, Libc.SHUT_RDWR);
        long started = CallTrace.Now(options);
        _descriptor.Close();
        CallTrace.Call(options, "close", handle, started, 0, WhereFor);
        return ValueTask.CompletedTask;
    }

    private long Dropped()
    {
        try
        {
            return Volatile.Read(ref _disposed) != 0 ? Volatile.Read(ref _dropped) : DatagramSocket.Dropped(handle);
        }
        catch (ObjectDisposedException)
        {
            return Volatile.Read(ref _dropped);
        }
    }

    private void ThrowIfDisposed(Step step)
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw Aborted(step);
    }

    private ConnectionException Aborted(Step step) => new(step, Reason.Aborted, WhereFor, "the channel was disposed");

    // Refused: the peer's machine said that nobody receives there. It says so of each datagram anew: the channel stays as it is.
    private ConnectionException Failure(Step step, int error, EndPoint? peer)
        => Volatile.Read(ref _disposed) != 0 ? Aborted(step) : ConnectionException.FromErrno(step, error, peer ?? WhereFor);

    private static bool WouldBlock(int error) => error is Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM;

    private void Check(WaitResult result, Step step, CancellationToken cancellationToken)
    {
        _callsInARow = 0;
        if (result == WaitResult.Canceled)
            throw new OperationCanceledException(cancellationToken);
        ThrowIfDisposed(step);
        if (result == WaitResult.Closed)
            throw Failure(step, _descriptor.WatchError, peer: null);
    }

    private void Trace(string name, long started, long outcome, EndPoint? peer, long argument)
        => options.CallObserver?.Report(name, handle.Number, started, outcome, peer ?? WhereFor, argument, tcp: null);

    /// <summary>Asks the kernel without waiting.</summary>
    private bool IsReady(short events, Step step) => Poll(events, milliseconds: 0, step);

    private unsafe bool Poll(short events, int milliseconds, Step step)
    {
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            var asked = new PollDescriptor { Descriptor = handle.Number, Events = events };
            int count = Libc.Poll(&asked, 1, milliseconds);
            return count >= 0 || Errno.Last == Errno.EINTR ? count > 0 : throw Failure(step, Errno.Last, peer: null);
        }
        catch (ObjectDisposedException)
        {
            throw Aborted(step);
        }
        finally
        {
            if (isHeld)
                handle.DangerousRelease();
        }
    }

    /// <summary>Whether the other descriptors of the loop are to have their turn before the next call.</summary>
    private bool MustYield => options.RunContinuationsInline && _descriptor.Loop.IsCurrent && _callsInARow++ >= CallsInARow;

    private ValueTask YieldAsync()
    {
        _callsInARow = 0;
        return _descriptor.Loop.YieldAsync();
    }
}
