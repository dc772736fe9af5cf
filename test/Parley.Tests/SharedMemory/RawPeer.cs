using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Interop.Linux;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>
/// One side of a conversation in shared memory that says and stores whatever a test wants. It knows the protocol from its document, and uses
/// nothing of what it tests but the numbers.
/// </summary>
internal sealed unsafe partial class RawPeer : IDisposable
{
    public const int Capacity = 4096;
    public const int AllSeals = Libc.F_SEAL_SEAL | Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW;

    private const int PageSize = 65536;

    private readonly ulong[] _nowhere = GC.AllocateArray<ulong>(1, pinned: true);
    private byte* _memory;
    private nuint _size;

    public RawPeer(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    /// <summary>Which ring it reads: 0 for a server, 1 for a client.</summary>
    private int Incoming { get; set; }

    private int RingOffset { get; set; } = PageSize;

    private int RingCapacity { get; set; } = Capacity;

    public static RawPeer Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 30_000, SendTimeout = 30_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new RawPeer(socket);
    }

    /// <summary>A client that is where conversations begin.</summary>
    public static RawPeer Converse(string path, ushort kind, int capacity = Capacity)
    {
        RawPeer client = Connect(path);
        client.Socket.Send(Hello(kind, capacity: (ulong)capacity));
        (byte[] welcome, DescriptorHandle[] memory) = client.ReadWelcome();
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(welcome.AsSpan(16)));
        client.Map(Assert.Single(memory), BinaryPrimitives.ReadInt64LittleEndian(welcome.AsSpan(24)));
        Assert.Equal((ulong)capacity, BinaryPrimitives.ReadUInt64LittleEndian(welcome.AsSpan(48)));
        client.RingCapacity = capacity;
        client.Incoming = 1;
        client.Socket.Send(Ready());
        return client;
    }

    public static byte[] Hello(ushort kind, ushort version = 1, uint features = 0, ulong capacity = Capacity)
    {
        byte[] hello = new byte[64];
        "PARLEYSM"u8.CopyTo(hello);
        BinaryPrimitives.WriteUInt16LittleEndian(hello.AsSpan(8), version);
        BinaryPrimitives.WriteUInt16LittleEndian(hello.AsSpan(10), kind);
        BinaryPrimitives.WriteUInt32LittleEndian(hello.AsSpan(12), features);
        BinaryPrimitives.WriteUInt64LittleEndian(hello.AsSpan(16), capacity);
        return hello;
    }

    public static byte[] Welcome(ushort kind)
    {
        byte[] welcome = new byte[64];
        "PARLEYSM"u8.CopyTo(welcome);
        BinaryPrimitives.WriteUInt16LittleEndian(welcome.AsSpan(8), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(welcome.AsSpan(10), kind);
        BinaryPrimitives.WriteUInt64LittleEndian(welcome.AsSpan(24), SegmentSize);
        BinaryPrimitives.WriteUInt64LittleEndian(welcome.AsSpan(32), PageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(welcome.AsSpan(40), PageSize + Capacity);
        BinaryPrimitives.WriteUInt64LittleEndian(welcome.AsSpan(48), Capacity);
        return welcome;
    }

    public static byte[] Ready()
    {
        byte[] ready = new byte[16];
        "PARLEYOK"u8.CopyTo(ready);
        return ready;
    }

    public const ulong SegmentSize = PageSize + (2 * Capacity);

    /// <summary>Shared memory as a server makes it, or not quite.</summary>
    public static DescriptorHandle CreateMemory(long size = (long)SegmentSize, int seals = AllSeals)
    {
        fixed (byte* name = "test"u8)
        {
            DescriptorHandle memory = Libc.MemFdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
            Assert.False(memory.IsInvalid);
            Assert.Equal(0, Libc.FTruncate(memory, size));
            if (seals != 0)
                Assert.Equal(0, Libc.Set(memory, Libc.F_ADD_SEALS, seals));
            return memory;
        }
    }

    /// <summary>Reads what a server answers to a hello, and the descriptors that come with it.</summary>
    public (byte[] Welcome, DescriptorHandle[] Memory) ReadWelcome()
    {
        byte[] welcome = new byte[64];
        (int received, DescriptorHandle[] all) = PassedDescriptors.Receive(Socket, welcome);
        while (received > 0 && received < welcome.Length && Socket.Receive(welcome.AsSpan(received)) is > 0 and int more)
            received += more;
        return (welcome[..received], all);
    }

    /// <summary>Sends bytes with any number of descriptors.</summary>
    public void Send(ReadOnlySpan<byte> bytes, params ReadOnlySpan<DescriptorHandle> descriptors) => PassedDescriptors.Send(Socket, bytes, descriptors);

    /// <summary>Maps the segment; closes its descriptor.</summary>
    public void Map(DescriptorHandle memory, long size)
    {
        using (memory)
            _memory = (byte*)Libc.MMap(null, _size = (nuint)size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, memory, 0);
        Assert.True((nint)_memory > 0);
    }

    /// <summary>A word of 8 bytes in the control block of the ring that it writes.</summary>
    public ref ulong Outgoing(int offset) => ref *(ulong*)(_memory + SharedLayout.ControlBlocks + ((1 - Incoming) * SharedLayout.ControlBlockSize) + offset);

    /// <summary>A word in the control block of the ring that it reads.</summary>
    public ref ulong IncomingWord(int offset) => ref *(ulong*)(_memory + SharedLayout.ControlBlocks + (Incoming * SharedLayout.ControlBlockSize) + offset);

    public ref uint OutgoingState => ref *(uint*)(_memory + SharedLayout.ControlBlocks + ((1 - Incoming) * SharedLayout.ControlBlockSize) + SharedLayout.WriterState);

    public ref uint IncomingState => ref *(uint*)(_memory + SharedLayout.ControlBlocks + (Incoming * SharedLayout.ControlBlockSize) + SharedLayout.ReaderState);

    /// <summary>The header of a record, at a position of the ring that it writes.</summary>
    public ref ulong Header(int position) => ref *(ulong*)(_memory + RingOffset + ((1 - Incoming) * RingCapacity) + (position % RingCapacity));

    /// <summary>Moves who sleeps in a futex for what this side writes to a word of this side's own, where nobody wakes it.</summary>
    /// <returns>Whether somebody slept there.</returns>
    public bool TryMoveSleeper()
    {
        const nint Requeue = 3;
        fixed (ulong* place = _nowhere)
            return Call(202, (nint)Unsafe.AsPointer(ref Outgoing(SharedLayout.ReaderSleep)), Requeue, 0, 10, (nint)place) > 0;
    }

    /// <summary>Wakes whoever sleeps over there, by the socket.</summary>
    public void Wake()
    {
        try
        {
            Socket.Send([0]);
        }
        catch (SocketException)
        {
            // It has already been broken off.
        }
    }

    /// <summary>Reads to the end of the socket: the other side has closed it.</summary>
    public void MustBeClosed()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (Socket.Receive(buffer) > 0)
            {
            }
        }
        catch (SocketException broken) when (broken.SocketErrorCode is SocketError.ConnectionReset)
        {
            // Closed with unread bytes.
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        if (_memory is not null)
            _ = Libc.MUnmap(_memory, _size);
        _memory = null;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint word, nint operation, nint wakes, nint moves, nint to);
}
