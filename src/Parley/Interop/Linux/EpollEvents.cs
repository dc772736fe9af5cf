using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary>A buffer of <c>struct epoll_event</c>, which is packed to 12 bytes on x86-64 and aligned to 16 elsewhere.</summary>
internal sealed unsafe class EpollEvents(int capacity)
{
    public const int MaxSize = 16;

    private static readonly int Size = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = Size - 8;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(capacity * MaxSize, pinned: true);

    public int Capacity { get; } = capacity;

    public byte* Pointer => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));

    public uint Mask(int index) => Unsafe.ReadUnaligned<uint>(ref _bytes[index * Size]);

    public int Descriptor(int index) => Unsafe.ReadUnaligned<int>(ref _bytes[(index * Size) + DataOffset]);

    public int Generation(int index) => Unsafe.ReadUnaligned<int>(ref _bytes[(index * Size) + DataOffset + sizeof(int)]);

    /// <summary>Fills one event at <paramref name="target"/>, which has room for <see cref="MaxSize"/> bytes.</summary>
    public static void Write(byte* target, uint mask, int descriptor, int generation)
    {
        Unsafe.WriteUnaligned(target, mask);
        Unsafe.WriteUnaligned(target + DataOffset, descriptor);
        Unsafe.WriteUnaligned(target + DataOffset + sizeof(int), generation);
    }
}
