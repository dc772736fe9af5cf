using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    // Known to the compiler, which leaves out the other branches. Elsewhere the function does it.
    private static nint ReadNumber => X86Base.X64.IsSupported ? 0 : ArmBase.Arm64.IsSupported ? 63 : -1;

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(DescriptorHandle descriptor, byte* buffer, nuint length);

    /// <summary>
    /// The same for whoever moves much: the system call itself where its number is known, for the function is a point at which threads may be
    /// cancelled, which takes two interlocked operations.
    /// </summary>
    /// <returns>Bytes read, 0 at the end, or the negative error number; never EINTR's.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor was closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint ReadNow(DescriptorHandle descriptor, byte* buffer, nint length)
    {
        bool isKept = false;
        descriptor.DangerousAddRef(ref isKept);
        nint outcome = ReadOnce(descriptor.Number, buffer, length);
        descriptor.DangerousRelease();
        return outcome;
    }

    /// <summary>Reads one piece after the other, as long as each comes whole.</summary>
    /// <returns>As <see cref="ReadNow"/> does; an error or the end behind what was read is left to the next call.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor was closed.</exception>
    internal static nint ReadPiecesNow(DescriptorHandle descriptor, byte* buffer, nint length, nint piece)
    {
        bool isKept = false;
        descriptor.DangerousAddRef(ref isKept);
        int number = descriptor.Number;
        nint total = 0;
        nint count;
        do
        {
            count = ReadOnce(number, buffer + total, Math.Min(piece, length - total));
            total += Math.Max(0, count);
        }
        while (count == piece && total < length);
        descriptor.DangerousRelease();
        return total > 0 ? total : count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint ReadOnce(int number, byte* buffer, nint length)
    {
        nint outcome;
        do
        {
            nint count = ReadNumber < 0
                ? ReadFunction(number, buffer, (nuint)length)
                : ReadCall(ReadNumber, number, buffer, length);
            outcome = count >= 0 ? count : -Errno.Current;
        }
        while (outcome == -Errno.EINTR);
        return outcome;
    }

    [LibraryImport(Library, EntryPoint = "read")]
    private static partial nint ReadFunction(int descriptor, byte* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint ReadCall(nint number, nint descriptor, byte* buffer, nint length);
}
