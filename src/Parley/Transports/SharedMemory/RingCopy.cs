using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Transports.SharedMemory;

/// <summary>Copies to and from a ring. What fits into a line of the cache is copied in place, by parts that overlap: a call would cost more than that.</summary>
internal static class RingCopy
{
    /// <summary>Messages from here to <see cref="SharedLayout.LongestInALine"/> are copied without a call.</summary>
    internal const int ShortestInParts = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(ref byte to, ref byte from, int length)
    {
        if (length >= ShortestInParts)
            CopyParts(ref to, ref from, (nuint)length);
        else
            CopyFew(ref to, ref from, (nuint)length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyParts(ref byte to, ref byte from, nuint length)
    {
        if (length > 64)
        {
            Unsafe.CopyBlockUnaligned(ref to, ref from, (uint)length);
            return;
        }

        CopyLine(ref to, ref from, length);
    }

    /// <summary>Copies <see cref="ShortestInParts"/> to 64 bytes.</summary>
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
