using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Transports.SharedMemory;

/// <summary>Copies to and from a ring. What fits into a line of the cache is copied in place, by parts that overlap: a call would cost more than that.</summary>
internal static class RingCopy
{
    /// <summary>Messages from here to <see cref="SharedLayout.LongestInALine"/> are copied without a call.</summary>
    internal const int ShortestInParts = 16;

    private const int LongestInParts = 64;

    /// <summary>Copies out of a ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(ref byte to, ref byte from, int length)
    {
        if (length < ShortestInParts)
            CopyFew(ref to, ref from, (nuint)length);
        else if (length > LongestInParts)
            Unsafe.CopyBlockUnaligned(ref to, ref from, (uint)length);
        else
            CopyLine(ref to, ref from, (nuint)length);
    }

    /// <summary>Copies into a ring, what this thread may have stored a moment ago.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyIn(ref byte to, ref byte from, int length)
    {
        if (length is >= ShortestInParts and <= LongestInParts)
            CopyLineIn(ref to, ref from, (nuint)length);
        else
            Copy(ref to, ref from, length);
    }

    /// <summary>Copies <see cref="ShortestInParts"/> to 64 bytes out of a ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyLine(ref byte to, ref byte from, nuint length)
    {
        // Everything is loaded before anything is stored, so that the loads do not wait for one another.
        Vector128<byte> first = Vector128.LoadUnsafe(ref from);
        Vector128<byte> last = Vector128.LoadUnsafe(ref from, length - 16);
        if (length > 32)
        {
            Vector128<byte> second = Vector128.LoadUnsafe(ref from, 16);
            Vector128<byte> third = Vector128.LoadUnsafe(ref from, length - 32);
            second.StoreUnsafe(ref to, 16);
            third.StoreUnsafe(ref to, length - 32);
        }

        first.StoreUnsafe(ref to);
        last.StoreUnsafe(ref to, length - 16);
    }

    /// <summary>The same into a ring.</summary>
    /// <remarks>Written out: one method for both, told how to load, is compiled to code that takes a twelfth off the messages a second.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyLineIn(ref byte to, ref byte from, nuint length)
    {
        Vector128<byte> first = LoadHalves(ref from, 0);
        Vector128<byte> last = LoadHalves(ref from, length - 16);
        if (length > 32)
        {
            Vector128<byte> second = LoadHalves(ref from, 16);
            Vector128<byte> third = LoadHalves(ref from, length - 32);
            second.StoreUnsafe(ref to, 16);
            third.StoreUnsafe(ref to, length - 32);
        }

        first.StoreUnsafe(ref to);
        last.StoreUnsafe(ref to, length - 16);
    }

    // A field of 8 bytes that was stored a moment ago is still on its way to the cache, behind the stores of the messages before, whose lines come from
    // another core. A load of no more than 8 bytes takes it from there; a wider one waits until it has arrived.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> LoadHalves(ref byte from, nuint at)
        => Vector128.Create(
            Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, at)),
            Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, at + 8))).AsByte();

    private static void CopyFew(ref byte to, ref byte from, nuint length)
    {
        if (length >= 8)
        {
            ulong first = Unsafe.ReadUnaligned<ulong>(ref from);
            ulong last = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, length - 8));
            Unsafe.WriteUnaligned(ref to, first);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, length - 8), last);
        }
        else if (length >= 4)
        {
            uint first = Unsafe.ReadUnaligned<uint>(ref from);
            uint last = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, length - 4));
            Unsafe.WriteUnaligned(ref to, first);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, length - 4), last);
        }
        else if (length != 0)
        {
            byte first = from;
            byte middle = Unsafe.Add(ref from, length / 2);
            byte last = Unsafe.Add(ref from, length - 1);
            to = first;
            Unsafe.Add(ref to, length / 2) = middle;
            Unsafe.Add(ref to, length - 1) = last;
        }
    }
}
