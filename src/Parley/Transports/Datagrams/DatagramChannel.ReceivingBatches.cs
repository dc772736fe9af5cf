using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

internal sealed partial class DatagramChannel
{
    // There once a batch has been asked for: from then on all that is received goes through it.
    private CoalescedDatagrams? _coalesced;

    // Those who receive a message by itself from the kernel, and would take several for one.
    private int _receivingPlainly;

    /// <summary>Whether messages wait here that the kernel does not know of any more.</summary>
    private bool HasKept => Volatile.Read(ref _coalesced) is { HasAny: true };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        cancellationToken.ThrowIfCancellationRequested();
        batch.Clear();
        long started = Now();
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        if (TryReceiveBatch(batch, started))
            return batch.Count;

        await _receiving.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                _descriptor.Readable.Forget();
                if (TryReceiveBatch(batch, started))
                    return batch.Count;
                await WaitForMessageAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _receiving.Leave();
        }
    }

    private bool TryReceiveBatch(MessageBatch batch, long started)
    {
        ThrowIfDisposed(Step.Receive);
        ThrowUntold();
        ConnectionException? failure = null;
        CoalescedDatagrams coalesced = Coalesced();
        lock (coalesced.Lock)
        {
            try
            {
                // Who came before it was published may still receive plainly; who comes later does not.
                if (Volatile.Read(ref _receivingPlainly) == 0 && InterruptSignal.IsThere)
                    coalesced.Ask(handle);
                TakeKept(coalesced, batch, ref failure);
                bool mayHaveMore = batch.Count == 0 && failure is null;
                while (mayHaveMore)
                    mayHaveMore = ReceiveMore(coalesced, batch, started, ref failure);
            }
            catch (ObjectDisposedException)
            {
                throw Aborted(Step.Receive);
            }
        }

        Count(batch);
        WakeOthers();
        if (failure is null)
            return batch.Count > 0;
        if (batch.Count == 0)
            throw failure;
        Volatile.Write(ref _untold, failure);
        return true;
    }

    /// <returns>Whether the kernel may have more, and there is room for it.</returns>
    private unsafe bool ReceiveMore(CoalescedDatagrams coalesced, MessageBatch batch, long started, ref ConnectionException? failure)
    {
        int start = batch.Count;
        int rooms = batch.Capacity - start;
        int count = coalesced.Receive(handle, batch.Pointer(start), batch.MessageSize, ref rooms, hasSenders: !isConnected);
        if (count == -Errno.EAGAIN)
            return false;
        Trace("recvmmsg", started, count < 0 ? count : coalesced.DatagramsIn(count), peer: null, batch.Capacity - start);
        if (count < 0)
        {
            failure = Failure(Step.Receive, -count, peer: null);
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            UdpEndPoint? sender = isConnected ? remote : _senders.Find(coalesced.SenderOf(i));

            // What has come to the rooms behind moves out of the way of those that need more than one.
            if (coalesced.HasAny || coalesced.AreSeveral(i))
                coalesced.Keep(i, sender);
            else
                Add(batch, batch.Room(start + i).Span, coalesced.LengthOf(i), sender, ref failure);
        }

        TakeKept(coalesced, batch, ref failure);
        return count == rooms && batch.Count < batch.Capacity && failure is null;
    }

    private void TakeKept(CoalescedDatagrams coalesced, MessageBatch batch, ref ConnectionException? failure)
    {
        while (batch.Count < batch.Capacity && coalesced.TryTake(out ReadOnlySpan<byte> datagram, out UdpEndPoint? sender))
            Add(batch, datagram, datagram.Length, sender, ref failure);
    }

    private void Add(MessageBatch batch, ReadOnlySpan<byte> body, int length, UdpEndPoint? sender, ref ConnectionException? failure)
    {
        Span<byte> room = batch.Room(batch.Count).Span;
        if (length > room.Length)
        {
            Interlocked.Increment(ref _truncated);
            failure ??= Truncated(length, room.Length, sender);
            return;
        }

        body = body[..length];
        if (!Unsafe.AreSame(ref MemoryMarshal.GetReference(body), ref MemoryMarshal.GetReference(room)))
            body.CopyTo(room);
        batch.Add(new ReceivedMessage(length, new MessageHeader { Peer = sender }));
    }

    private void Count(MessageBatch batch)
    {
        if (batch.Count == 0)
            return;
        long bytes = 0;
        for (int i = 0; i < batch.Count; i++)
            bytes += batch.LengthOf(i);
        Interlocked.Add(ref _messagesReceived, batch.Count);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    private CoalescedDatagrams Coalesced()
    {
        if (Volatile.Read(ref _coalesced) is { } there)
            return there;
        var made = new CoalescedDatagrams();
        return Interlocked.CompareExchange(ref _coalesced, made, null) ?? made;
    }

    /// <returns>How long the next message is, though it may be cut; or an error number, negative.</returns>
    private unsafe int ReceiveOne(CoalescedDatagrams coalesced, Span<byte> buffer, out UdpEndPoint? sender)
    {
        lock (coalesced.Lock)
        {
            if (coalesced.TryTake(out ReadOnlySpan<byte> datagram, out sender))
                return CopyOne(datagram, buffer);
            int rooms = 1;
            fixed (byte* room = buffer)
            {
                int count = coalesced.Receive(handle, room, buffer.Length, ref rooms, hasSenders: !isConnected);
                if (count < 0)
                    return count;
                sender = isConnected ? remote : _senders.Find(coalesced.SenderOf(0));
                if (!coalesced.AreSeveral(0))
                    return coalesced.LengthOf(0);
                coalesced.Keep(0, sender);
            }

            coalesced.TryTake(out datagram, out sender);
            return CopyOne(datagram, buffer);
        }
    }

    private static int CopyOne(ReadOnlySpan<byte> datagram, Span<byte> buffer)
    {
        datagram[..Math.Min(datagram.Length, buffer.Length)].CopyTo(buffer);
        return datagram.Length;
    }

    // The kernel tells of what has come, once; of what is kept here, this does.
    private void WakeOthers()
    {
        if (!HasKept)
            return;
        _descriptor.Readable.SignalFromElsewhere();
        _blocked.Interrupt();
    }
}
