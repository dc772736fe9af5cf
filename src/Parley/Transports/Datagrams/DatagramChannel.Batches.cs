using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Datagrams;

internal sealed partial class DatagramChannel
{
    // More at once save little, and take stack: some 110 bytes each.
    private const int LargestBatch = 64;

    // Bodies lie anywhere: to copy small ones together costs less than to pin each. One of the largest fits in.
    private const int ScratchSize = 64 * 1024;

    private byte[]? _scratch;

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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask SendBatchAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> messages, MessageHeader header = default, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EndPoint? peer = PeerOf(header);
        long started = Now();
        byte[] scratch = Interlocked.Exchange(ref _scratch, null) ?? GC.AllocateUninitializedArray<byte>(ScratchSize, pinned: true);
        try
        {
            for (int done = 0; done < messages.Length;)
            {
                if (MustYield)
                    await YieldAsync().ConfigureAwait(false);
                int error = SendSome(messages.Span[done..], scratch, peer, started, out int sent);
                done += sent;
                if (error != 0)
                    await WaitForRoomAsync(error, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref _scratch, scratch);
        }
    }

    [SkipLocalsInit]
    private unsafe bool TryReceiveBatch(MessageBatch batch, long started)
    {
        ThrowIfDisposed(Step.Receive);
        ThrowUntold();
        int room = Math.Min(batch.Capacity, LargestBatch);
        MessageVector* vectors = stackalloc MessageVector[room];
        IoVector* buffers = stackalloc IoVector[room];
        byte* addresses = stackalloc byte[room * DatagramAddress.MaxSize];
        for (int i = 0; i < room; i++)
        {
            Span<byte> body = batch.Room(i).Span;
            buffers[i] = new IoVector { Base = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(body)), Length = (nuint)body.Length };
            vectors[i] = Vector(buffers + i, isConnected ? null : addresses + (i * DatagramAddress.MaxSize), DatagramAddress.MaxSize);
        }

        int count;
        try
        {
            do
                count = Libc.RecvMMsg(handle, vectors, (uint)room, Libc.MSG_TRUNC, timeout: null);
            while (count < 0 && Errno.Last == Errno.EINTR);
        }
        catch (ObjectDisposedException)
        {
            throw Aborted(Step.Receive);
        }

        int error = count < 0 ? Errno.Last : 0;
        if (error == Errno.EAGAIN)
            return false;
        Trace("recvmmsg", started, error == 0 ? count : -error, peer: null, room);
        if (error != 0)
            throw Failure(Step.Receive, error, peer: null);
        Keep(batch, vectors, count);
        return true;
    }

    // Those that were cut are lost, those behind them are not: these close the gap.
    private unsafe void Keep(MessageBatch batch, MessageVector* vectors, int count)
    {
        ConnectionException? cut = null;
        long bytes = 0;
        for (int i = 0; i < count; i++)
        {
            int length = (int)vectors[i].Length;
            UdpEndPoint? peer = isConnected
                ? remote
                : _senders.Find(new ReadOnlySpan<byte>(vectors[i].Parts.Address, (int)vectors[i].Parts.AddressLength));
            Memory<byte> body = batch.Room(i);
            if (length > body.Length)
            {
                Interlocked.Increment(ref _truncated);
                cut ??= Truncated(length, body.Length, peer);
                continue;
            }

            if (i != batch.Count)
                body[..length].CopyTo(batch.Room(batch.Count));
            batch.Add(new ReceivedMessage(length, new MessageHeader { Peer = peer }));
            bytes += length;
        }

        Interlocked.Add(ref _messagesReceived, batch.Count);
        Interlocked.Add(ref _bytesReceived, bytes);
        if (cut is null)
            return;
        if (batch.Count == 0)
            throw cut;
        Volatile.Write(ref _untold, cut);
    }

    /// <returns>0, or an error after which the channel has no room; fewer than all may have been sent either way.</returns>
    [SkipLocalsInit]
    private unsafe int SendSome(ReadOnlySpan<ReadOnlyMemory<byte>> messages, byte[] scratch, EndPoint? peer, long started, out int sent)
    {
        ThrowIfDisposed(Step.Send);
        ThrowIfTooLarge(messages[0].Length);
        MessageVector* vectors = stackalloc MessageVector[LargestBatch];
        IoVector* buffers = stackalloc IoVector[LargestBatch];
        byte* to = stackalloc byte[DatagramAddress.MaxSize];
        uint toLength = peer is null ? 0 : DatagramAddress.Encode(peer, _family, to);
        byte* target = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(scratch));
        int count = 0;
        int used = 0;
        for (; count < LargestBatch && count < messages.Length && used + messages[count].Length <= scratch.Length; count++)
        {
            ReadOnlySpan<byte> body = messages[count].Span;
            if (body.Length > MaxMessageSize)
                break;
            body.CopyTo(scratch.AsSpan(used));
            buffers[count] = new IoVector { Base = target + used, Length = (nuint)body.Length };
            vectors[count] = Vector(buffers + count, peer is null ? null : to, toLength);
            used += body.Length;
        }

        int error = SendVectors(vectors, count, out sent);
        if (error == Errno.EACCES && TryAllowBroadcast())
            error = SendVectors(vectors, count, out sent);
        if (WouldBlock(error))
            return error;
        Trace("sendmmsg", started, error == 0 ? sent : -error, peer, count);
        if (error != 0)
            throw Failure(Step.Send, error, peer);
        long bytes = 0;
        for (int i = 0; i < sent; i++)
            bytes += (long)buffers[i].Length;
        CountSent(sent, bytes);
        return 0;
    }

    private unsafe int SendVectors(MessageVector* vectors, int count, out int sent)
    {
        try
        {
            do
                sent = Libc.SendMMsg(handle, vectors, (uint)count, Libc.MSG_NOSIGNAL);
            while (sent < 0 && Errno.Last == Errno.EINTR);
        }
        catch (ObjectDisposedException)
        {
            throw Aborted(Step.Send);
        }

        if (sent >= 0)
            return 0;
        sent = 0;
        return Errno.Last;
    }

    private static unsafe MessageVector Vector(IoVector* buffer, byte* address, uint addressLength) => new()
    {
        Parts = new MessageParts
        {
            Address = address,
            AddressLength = address is null ? 0 : addressLength,
            Buffers = buffer,
            BufferCount = 1,
        },
    };
}
