using System.Net;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

internal sealed partial class DatagramChannel
{
    private readonly Turn _sending = new();
    private long _messagesSent;
    private long _bytesSent;
    private volatile bool _mayBroadcast;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            EndPoint? peer = PeerOf(header);
            long started = Now();
            bool mustYield = MustYield;
            int error = mustYield ? 0 : Send(message.Span, peer, started);
            return !mustYield && error == 0
                ? ValueTask.CompletedTask
                : SendLaterAsync(message, peer, mustYield, error, started, cancellationToken);
        }
        catch (Exception failure) when (failure is ConnectionException or ArgumentException)
        {
            return ValueTask.FromException(failure);
        }
    }

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default)
        => Send(message, PeerOf(header), Now()) == 0;

    public override ValueTask WaitToSendAsync(CancellationToken cancellationToken = default)
        => MustYield ? YieldAndWaitForRoomAsync(cancellationToken) : WaitForRoomAsync(Errno.EAGAIN, cancellationToken);

    /// <summary>Whom to; <see langword="null"/> where the kernel knows.</summary>
    private EndPoint? PeerOf(MessageHeader header)
    {
        RefusePriority(in header);
        return isConnected
            ? null
            : header.Peer ?? remote ?? throw new ArgumentException("The channel is bound, and has no peer of its own: the header must say whom to.", nameof(header));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendLaterAsync(
        ReadOnlyMemory<byte> message, EndPoint? peer, bool mustYield, int error, long started, CancellationToken cancellationToken)
    {
        if (mustYield)
            await YieldAsync().ConfigureAwait(false);
        else
            await WaitForRoomAsync(error, cancellationToken).ConfigureAwait(false);
        while (Send(message.Span, peer, started) is var again and not 0)
            await WaitForRoomAsync(again, cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask YieldAndWaitForRoomAsync(CancellationToken cancellationToken)
    {
        await YieldAsync().ConfigureAwait(false);
        await WaitForRoomAsync(Errno.EAGAIN, cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForRoomAsync(int error, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await _sending.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfDisposed(Step.Send);
            _descriptor.Writable.Forget();

            // The kernel tells when the socket has room, but not when there is memory again.
            bool lacksMemory = error != Errno.EAGAIN;
            while (lacksMemory || !IsReady(Libc.POLLOUT, Step.Send))
            {
                long due = lacksMemory ? Clock.FromNow(MemoryPause) : Deadline.Never;
                WaitResult result = await _descriptor.WaitSendableAsync(due, cancellationToken).ConfigureAwait(false);
                Check(result, Step.Send, cancellationToken);
                lacksMemory = lacksMemory && !Clock.IsOver(due);
                _descriptor.Writable.Forget();
            }

            ThrowIfDisposed(Step.Send);
        }
        finally
        {
            _sending.Leave();
        }
    }

    /// <returns>0, or an error after which the channel has no room.</returns>
    private int Send(ReadOnlySpan<byte> message, EndPoint? peer, long started)
    {
        ThrowIfDisposed(Step.Send);
        ThrowIfTooLarge(message.Length);
        int error = SendOnce(message, peer);
        if (error == Errno.EACCES && TryAllowBroadcast())
            error = SendOnce(message, peer);
        if (WouldBlock(error))
            return error;
        Trace("sendto", started, error == 0 ? message.Length : -error, peer, message.Length);
        if (error != 0)
            throw Failure(Step.Send, error, peer);
        CountSent(1, message.Length);
        return 0;
    }

    /// <summary>Tells what no call has told yet: that a datagram was refused.</summary>
    public override ValueTask CompleteSendsAsync(CancellationToken cancellationToken = default) => WaitUntilTakenAsync(cancellationToken);

    // A machine refuses what it sends itself, to a port where nobody receives, before the call that sent it is over.
    internal override ValueTask WaitUntilTakenAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        if (Volatile.Read(ref _disposed) != 0)
            return ValueTask.FromException(Aborted(Step.Send));
        return isConnected && SocketState.TakeError(handle) is var error and not 0
            ? ValueTask.FromException(Failure(Step.Send, error, peer: null))
            : ValueTask.CompletedTask;
    }

    private void CountSent(int messages, long bytes)
    {
        Interlocked.Add(ref _messagesSent, messages);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    [SkipLocalsInit]
    private unsafe int SendOnce(ReadOnlySpan<byte> message, EndPoint? peer)
    {
        byte* to = stackalloc byte[DatagramAddress.MaxSize];
        uint toLength = peer is null ? 0 : DatagramAddress.Encode(peer, _family, to);
        try
        {
            fixed (byte* source = message)
            {
                nint sent;
                do
                    sent = Libc.SendTo(handle, source, (nuint)message.Length, Libc.MSG_NOSIGNAL, peer is null ? null : to, toLength);
                while (sent < 0 && Errno.Last == Errno.EINTR);
                return sent < 0 ? Errno.Last : 0;
            }
        }
        catch (ObjectDisposedException)
        {
            throw Aborted(Step.Send);
        }
    }

    private void ThrowIfTooLarge(int length)
    {
        if (length > MaxMessageSize)
            throw new ConnectionException(Step.Send, Reason.TooLarge, WhereFor, $"the message has {length} bytes, a datagram has at most {MaxMessageSize}");
    }

    // Sending to many at once is meant: whoever sends to such an address wrote it down. The kernel alone knows which ones those are.
    private bool TryAllowBroadcast()
    {
        if (_mayBroadcast)
            return false;
        DatagramSocket.AllowBroadcast(handle);
        return _mayBroadcast = true;
    }
}
