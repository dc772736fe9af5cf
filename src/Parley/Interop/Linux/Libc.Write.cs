using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    // Known to the compiler, which leaves out the other branches. Elsewhere the function does it.
    private static nint WriteNumber => X86Base.X64.IsSupported ? 1 : ArmBase.Arm64.IsSupported ? 64 : -1;

    /// <summary>Writes what goes; the system call itself where its number is known, as with <see cref="ReadNow"/>.</summary>
    /// <returns>Bytes taken, or the negative error number; never EINTR's.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor was closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint WriteNow(DescriptorHandle descriptor, byte* buffer, nint length)
    {
        bool isKept = false;
        descriptor.DangerousAddRef(ref isKept);
        nint outcome = WriteOnce(descriptor.Number, buffer, length);
        descriptor.DangerousRelease();
        return outcome;
    }

    /// <summary>Writes one piece after the other, as long as each goes whole.</summary>
    /// <returns>As <see cref="WriteNow"/> does; an error behind what was taken is left to the next call.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor was closed.</exception>
    internal static nint WritePiecesNow(DescriptorHandle descriptor, byte* buffer, nint length, nint piece)
    {
        bool isKept = false;
        descriptor.DangerousAddRef(ref isKept);
        int number = descriptor.Number;
        nint total = 0;
        nint count;
        do
        {
            count = WriteOnce(number, buffer + total, Math.Min(piece, length - total));
            total += Math.Max(0, count);
        }
        while (count == piece && total < length);
        descriptor.DangerousRelease();
        return total > 0 ? total : count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint WriteOnce(int number, byte* buffer, nint length)
    {
        nint outcome;
        do
        {
            nint count = WriteNumber < 0
                ? WriteFunction(number, buffer, (nuint)length)
                : WriteCall(WriteNumber, number, buffer, length);
            outcome = count >= 0 ? count : -Errno.Current;
        }
        while (outcome == -Errno.EINTR);
        return outcome;
    }

    [LibraryImport(Library, EntryPoint = "write")]
    private static partial nint WriteFunction(int descriptor, byte* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint WriteCall(nint number, nint descriptor, byte* buffer, nint length);
}
