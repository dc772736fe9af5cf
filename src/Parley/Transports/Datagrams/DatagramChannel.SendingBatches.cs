using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Datagrams;

internal sealed partial class DatagramChannel
{
    // More with one call save little, and take stack: some 130 bytes each.
    private const int MostRuns = 64;

    // Bodies lie anywhere: to copy small ones together costs less than to pin each. One of the largest fits in.
    private const int ScratchSize = 64 * 1024;

    private readonly Segmentation _segmentation = new(handle);
    private byte[]? _scratch;

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

    /// <returns>0, or an error after which the channel has no room; fewer than all, or none, may have been sent either way.</returns>
    [SkipLocalsInit]
    private unsafe int SendSome(ReadOnlySpan<ReadOnlyMemory<byte>> messages, byte[] scratch, EndPoint? peer, long started, out int sent)
    {
        ThrowIfDisposed(Step.Send);
        ThrowIfTooLarge(messages[0].Length);
        DatagramRun* runs = stackalloc DatagramRun[MostRuns];
        int count = DatagramRun.Gather(messages, scratch, new Span<DatagramRun>(runs, MostRuns), MaxMessageSize, LargestTogether());
        int error = SendRuns(runs, count, scratch, peer, out int sentRuns);
        if (error == Errno.EACCES && TryAllowBroadcast())
            error = SendRuns(runs, count, scratch, peer, out sentRuns);
        sent = MessagesIn(runs, sentRuns, out long bytes);
        if (WouldBlock(error))
            return error;
        Trace("sendmmsg", started, error == 0 ? sent : -error, peer, MessagesIn(runs, count, out _));
        if (error != 0 && (runs->Count == 1 || !_segmentation.TryWithout(error, runs->Size)))
            throw Failure(Step.Send, error, peer);
        CountSent(sent, bytes);
        return 0;
    }

    private int LargestTogether()
    {
        try
        {
            return _segmentation.Largest;
        }
        catch (ObjectDisposedException)
        {
            throw Aborted(Step.Send);
        }
    }

    [SkipLocalsInit]
    private unsafe int SendRuns(DatagramRun* runs, int count, byte[] scratch, EndPoint? peer, out int sent)
    {
        MessageVector* vectors = stackalloc MessageVector[count];
        IoVector* buffers = stackalloc IoVector[count];
        SegmentSize* sizes = stackalloc SegmentSize[count];
        byte* to = stackalloc byte[DatagramAddress.MaxSize];
        uint toLength = peer is null ? 0 : DatagramAddress.Encode(peer, _family, to);
        byte* source = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(scratch));
        for (int i = 0; i < count; i++)
        {
            bool areSeveral = runs[i].Count > 1;
            sizes[i] = SegmentSize.ToSend(runs[i].Size);
            buffers[i] = new IoVector { Base = source + runs[i].Start, Length = (nuint)runs[i].Length };
            vectors[i] = new MessageVector
            {
                Parts = new MessageParts
                {
                    Address = peer is null ? null : to,
                    AddressLength = toLength,
                    Buffers = buffers + i,
                    BufferCount = 1,
                    Control = areSeveral ? sizes + i : null,
                    ControlLength = areSeveral ? (nuint)SegmentSize.Space : 0,
                },
            };
        }

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

    private static unsafe int MessagesIn(DatagramRun* runs, int count, out long bytes)
    {
        int messages = 0;
        bytes = 0;
        for (int i = 0; i < count; i++)
        {
            messages += runs[i].Count;
            bytes += runs[i].Length;
        }

        return messages;
    }
}
