using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InlineIL
{
    /// <summary>For memory within one process, which nothing here makes.</summary>
    internal static class IL
    {
        internal static class Emit
        {
            internal static void Ldarg(string name) => throw new NotSupportedException();

            internal static void Unaligned(int alignment) => throw new NotSupportedException();

            internal static void Initblk() => throw new NotSupportedException();
        }
    }
}

namespace Disruptor.Util
{
    internal static class InternalUtil
    {
        public const int RingBufferPaddingBytes = 128;

        public static int GetRingBufferPaddingEventCount(int eventSize) => (RingBufferPaddingBytes + eventSize - 1) / eventSize;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Read<T>(object array, int index)
            where T : class
            => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Unsafe.As<T[]>(array)), index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ReadOnlySpan<T> ReadSpan<T>(object array, int index, int length)
            where T : class
            => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Unsafe.As<T[]>(array)), index), length);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ref T ReadValue<T>(object array, int index)
            where T : struct
            => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Unsafe.As<T[]>(array)), index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static unsafe ref T ReadValue<T>(IntPtr pointer, int index, int size)
            where T : struct
            => ref Unsafe.AsRef<T>((byte*)pointer + ((nint)index * size));

        public static int SizeOf<T>()
            where T : struct
            => Unsafe.SizeOf<T>();
    }
}
