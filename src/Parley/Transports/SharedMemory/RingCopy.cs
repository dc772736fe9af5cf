using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Parley.Transports.SharedMemory;

/// <summary>Copies to and from a ring. What fits into a line of the cache is copied in place, by parts that overlap: a call would cost more than that.</summary>
internal static class RingCopy
{
    /// <summary>Messages from here to <see cref="SharedLayout.LongestInALine"/> are copied without a call.</summary>
    internal const int ShortestInParts = 16;

    private const int LongestInParts = 64;

    /// <summary>Copies a message of any length.</summary>
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

    /// <summary>Copies <see cref="ShortestInParts"/> to 64 bytes out of a ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyLine(ref byte to, ref byte from, nuint length)
    {
        // Everything is loaded before anything is stored, so that the loads do not wait for one another.
        if (length > 32 && Avx.IsSupported)
        {
            Vector256<byte> front = Vector256.LoadUnsafe(ref from);
            Vector256<byte> back = Vector256.LoadUnsafe(ref from, length - 32);
            front.StoreUnsafe(ref to);
            back.StoreUnsafe(ref to, length - 32);
            return;
        }

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

    /// <summary>Writes a record of one line, with <see cref="ShortestInParts"/> bytes or more, and publishes it.</summary>
    /// <param name="record">Where to, at the beginning of the line.</param>
    /// <param name="header">What publishes it.</param>
    /// <param name="from">The message.</param>
    /// <param name="length">Its bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void PutLine(byte* record, ulong header, ref byte from, nuint length)
    {
        // What begins a message, a number or a time, was often stored a moment ago, and is still on its way to the cache behind the stores of the messages
        // before: a load of its size takes it from there, a wider one waits until it has arrived.
        ulong first = Unsafe.ReadUnaligned<ulong>(ref from);
        if (length > 32 && Avx.IsSupported)
        {
            // With as few stores as there can be: where the line comes from another core, they wait in a row until it is there.
            Vector128<byte> start = Vector128.Create(first, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, 8))).AsByte();
            Vector256<byte> front = Vector256.Create(start, Vector128.LoadUnsafe(ref from, 16));
            Vector256<byte> back = Vector256.LoadUnsafe(ref from, length - 32);
            Avx.Store(record + SharedLayout.HeaderSize, front);
            Avx.Store(record + SharedLayout.HeaderSize + length - 32, back);
            Volatile.Write(ref *(ulong*)record, header);
            return;
        }

        Vector128<byte> last = Vector128.LoadUnsafe(ref from, length - 16);
        if (length > 24)
        {
            Vector128<byte> second = Vector128.LoadUnsafe(ref from, 8);
            if (length > 40)
                Vector128.LoadUnsafe(ref from, length - 32).Store(record + SharedLayout.HeaderSize + length - 32);
            second.StoreAligned(record + SharedLayout.HeaderSize + 8);
        }

        last.Store(record + SharedLayout.HeaderSize + length - 16);
        *(ulong*)(record + SharedLayout.HeaderSize) = first;
        Volatile.Write(ref *(ulong*)record, header);
    }

    /// <summary><see cref="PutLine"/> of a message that was not stored a moment ago: it need not be loaded by parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void PutSettledLine(byte* record, ulong header, ref byte from, nuint length)
    {
        if (length <= 32 || !Avx.IsSupported)
        {
            PutLine(record, header, ref from, length);
            return;
        }

        Vector256<byte> front = Vector256.LoadUnsafe(ref from);
        Vector256<byte> back = Vector256.LoadUnsafe(ref from, length - 32);
        Avx.Store(record + SharedLayout.HeaderSize, front);
        Avx.Store(record + SharedLayout.HeaderSize + length - 32, back);
        Volatile.Write(ref *(ulong*)record, header);
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
