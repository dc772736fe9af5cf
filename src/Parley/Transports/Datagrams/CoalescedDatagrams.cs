using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Datagrams;

/// <summary>
/// Receives datagrams of which the kernel may hand over several as one, as they were sent or came from the network (<c>UDP_GRO</c>), and
/// keeps those that there is no room for yet. Whoever uses it holds <see cref="Lock"/>.
/// </summary>
internal sealed unsafe class CoalescedDatagrams
{
    // Behind each room there is room for the longest that may come as one. So many rooms a call: it costs a message hardly more than with 64.
    private const int Slots = 16;
    private const int SlotSize = 64 * 1024;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Slots * SlotSize, pinned: true);
    private readonly byte[] _addresses = GC.AllocateUninitializedArray<byte>(Slots * DatagramAddress.MaxSize, pinned: true);
    private readonly IoVector[] _buffers = GC.AllocateUninitializedArray<IoVector>(Slots * 2, pinned: true);
    private readonly SegmentSize[] _sizes = GC.AllocateUninitializedArray<SegmentSize>(Slots, pinned: true);
    private readonly MessageVector[] _vectors = GC.AllocateUninitializedArray<MessageVector>(Slots, pinned: true);
    private readonly Kept[] _kept = new Kept[Slots];
    private byte* _rooms;
    private int _roomSize;
    private int _first;
    private int _count;
    private bool _isAsked;

    internal Lock Lock { get; } = new();

    internal bool HasAny => Volatile.Read(ref _count) > _first;

    /// <summary>Has the kernel hand several over as one. One that does not know how to hands each over by itself, which is as right.</summary>
    internal void Ask(DescriptorHandle socket)
    {
        if (_isAsked)
            return;
        int yes = 1;
        _isAsked = true;
        _ = Libc.SetSockOpt(socket, Libc.IPPROTO_UDP, Libc.UDP_GRO, &yes, sizeof(int));
    }

    /// <summary>Makes one call; nothing may be kept.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="rooms">Rooms that lie one behind the other and stay where they are until the last is kept or taken.</param>
    /// <param name="roomSize">How large each is.</param>
    /// <param name="count">How many rooms there are; afterwards, how many there were for the kernel.</param>
    /// <param name="hasSenders">Whether the senders are to be told.</param>
    /// <returns>How many came, each to the room of its number; or an error number, negative.</returns>
    internal int Receive(DescriptorHandle socket, byte* rooms, int roomSize, ref int count, bool hasSenders)
    {
        _rooms = rooms;
        _roomSize = roomSize;
        count = Math.Min(count, Slots);
        int head = Math.Min(roomSize, SlotSize);
        for (int i = 0; i < count; i++)
        {
            _buffers[2 * i] = new IoVector { Base = rooms + ((nint)i * roomSize), Length = (nuint)roomSize };
            _buffers[(2 * i) + 1] = new IoVector { Base = Pointer(_bytes) + (i * SlotSize) + head, Length = (nuint)(SlotSize - head) };
            _vectors[i] = new MessageVector
            {
                Parts = new MessageParts
                {
                    Address = hasSenders ? Pointer(_addresses) + (i * DatagramAddress.MaxSize) : null,
                    AddressLength = hasSenders ? (uint)DatagramAddress.MaxSize : 0,
                    Buffers = Pointer(_buffers) + (2 * i),
                    BufferCount = 2,
                    Control = Pointer(_sizes) + i,
                    ControlLength = SegmentSize.Space,
                },
            };
        }

        int received;
        do
            received = Libc.RecvMMsg(socket, Pointer(_vectors), (uint)count, Libc.MSG_TRUNC, timeout: null);
        while (received < 0 && Errno.Last == Errno.EINTR);
        return received < 0 ? -Errno.Last : received;
    }

    /// <summary>Whether what came to that room is more than one datagram.</summary>
    internal bool AreSeveral(int index) => SizeOfEach(index) < LengthOf(index);

    internal int LengthOf(int index) => (int)_vectors[index].Length;

    /// <summary>How many datagrams came to the first rooms.</summary>
    internal int DatagramsIn(int count)
    {
        int datagrams = 0;
        for (int i = 0; i < count; i++)
            datagrams += AreSeveral(i) ? (LengthOf(i) + SizeOfEach(i) - 1) / SizeOfEach(i) : 1;
        return datagrams;
    }

    internal ReadOnlySpan<byte> SenderOf(int index) => new(_vectors[index].Parts.Address, (int)_vectors[index].Parts.AddressLength);

    /// <summary>Keeps what came to a room, behind what is kept already, so that the room is free.</summary>
    internal void Keep(int index, UdpEndPoint? sender)
    {
        int length = LengthOf(index);
        new ReadOnlySpan<byte>(_rooms + ((nint)index * _roomSize), Math.Min(length, _roomSize)).CopyTo(_bytes.AsSpan(index * SlotSize));
        if (!HasAny)
            _first = _count = 0;
        _kept[_count] = new Kept(index * SlotSize, length, SizeOfEach(index), sender);
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Takes the next datagram that is kept; it is valid until the next call is made.</summary>
    internal bool TryTake(out ReadOnlySpan<byte> datagram, out UdpEndPoint? sender)
    {
        datagram = default;
        sender = null;
        if (!HasAny)
            return false;
        ref Kept first = ref _kept[_first];
        int length = Math.Min(first.Size, first.Length);
        datagram = _bytes.AsSpan(first.Start, length);
        sender = first.Sender;
        if (length == first.Length)
            Volatile.Write(ref _first, _first + 1);
        else
            first = first with { Start = first.Start + length, Length = first.Length - length };
        return true;
    }

    private int SizeOfEach(int index)
        => _vectors[index].Parts.ControlLength != 0 && _sizes[index] is { IsReceived: true, Bytes: > 0 and var size } ? size : LengthOf(index);

    private static T* Pointer<T>(T[] pinned)
        where T : unmanaged
        => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));

    private readonly record struct Kept(int Start, int Length, int Size, UdpEndPoint? Sender);
}
