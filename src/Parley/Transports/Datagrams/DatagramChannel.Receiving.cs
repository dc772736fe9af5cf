using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

internal sealed partial class DatagramChannel
{
    private readonly Turn _receiving = new();
    private readonly SenderCache _senders = new();
    private long _messagesReceived;
    private long _bytesReceived;
    private long _truncated;

    // Of a batch whose other messages were received: told by the next call.
    private ConnectionException? _untold;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long started = Now();
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        if (TryReceive(buffer.Span, started, out ReceivedMessage received))
            return received;

        await _receiving.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                _descriptor.Readable.Forget();
                if (TryReceive(buffer.Span, started, out received))
                    return received;
                await WaitForMessageAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _receiving.Leave();
        }
    }

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received) => TryReceive(buffer, Now(), out received);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        await _receiving.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                ThrowIfDisposed(Step.Receive);
                _descriptor.Readable.Forget();
                if (Volatile.Read(ref _untold) is not null || HasKept || IsReady(Libc.POLLIN, Step.Receive))
                    break;
                await WaitForMessageAsync(cancellationToken).ConfigureAwait(false);
            }

            ThrowIfDisposed(Step.Receive);
        }
        finally
        {
            _receiving.Leave();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForMessageAsync(CancellationToken cancellationToken)
    {
        WaitResult result = await _descriptor.WaitReadableAsync(Deadline.Never, cancellationToken).ConfigureAwait(false);
        Check(result, Step.Receive, cancellationToken);
    }

    private long Now() => options.CallObserver is null ? 0 : Stopwatch.GetTimestamp();

    private bool TryReceive(Span<byte> buffer, long started, out ReceivedMessage received)
    {
        received = default;
        ThrowIfDisposed(Step.Receive);
        ThrowUntold();
        int length = ReceiveOne(buffer, out UdpEndPoint? peer, out string call);
        WakeOthers();
        if (length == -Errno.EAGAIN)
            return false;
        Trace(call, started, length, peer, buffer.Length);
        if (length < 0)
            throw Failure(Step.Receive, -length, peer);
        if (length > buffer.Length)
        {
            Interlocked.Increment(ref _truncated);
            throw Truncated(length, buffer.Length, peer);
        }

        Interlocked.Increment(ref _messagesReceived);
        Interlocked.Add(ref _bytesReceived, length);
        received = new ReceivedMessage(length, new MessageHeader { Peer = peer });
        return true;
    }

    /// <returns>The datagram's length, though it may be cut; or an error number, negative.</returns>
    private int ReceiveOne(Span<byte> buffer, out UdpEndPoint? peer, out string call)
    {
        try
        {
            if (Volatile.Read(ref _coalesced) is null)
            {
                Interlocked.Increment(ref _receivingPlainly);
                try
                {
                    // Once more: who is not counted in time must not receive plainly.
                    if (Volatile.Read(ref _coalesced) is null)
                    {
                        call = "recvfrom";
                        return Receive(buffer, out peer);
                    }
                }
                finally
                {
                    Interlocked.Decrement(ref _receivingPlainly);
                }
            }

            call = "recvmmsg";
            return ReceiveOne(Coalesced(), buffer, out peer);
        }
        catch (ObjectDisposedException)
        {
            throw Aborted(Step.Receive);
        }
    }

    [SkipLocalsInit]
    private unsafe int Receive(Span<byte> buffer, out UdpEndPoint? peer)
    {
        byte* from = stackalloc byte[DatagramAddress.MaxSize];
        uint fromLength = DatagramAddress.MaxSize;
        nint length;
        peer = remote;
        fixed (byte* target = buffer)
        {
            do
                length = Libc.RecvFrom(handle, target, (nuint)buffer.Length, Libc.MSG_TRUNC, isConnected ? null : from, isConnected ? null : &fromLength);
            while (length < 0 && Errno.Last == Errno.EINTR);
        }

        if (length < 0)
            return -Errno.Last;
        if (!isConnected)
            peer = _senders.Find(new ReadOnlySpan<byte>(from, (int)fromLength));
        return (int)length;
    }

    private void ThrowUntold()
    {
        if (Volatile.Read(ref _untold) is not null && Interlocked.Exchange(ref _untold, null) is { } untold)
            throw untold;
    }

    private ConnectionException Truncated(int length, int room, EndPoint? peer) => new(
        Step.Receive, Reason.TooLarge, peer ?? WhereFor, $"a message of {length} bytes does not fit into a buffer of {room}, and is lost");
}
