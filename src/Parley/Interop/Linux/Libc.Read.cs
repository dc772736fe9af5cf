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
    internal static nint ReadNow(DescriptorHandle descriptor, byte* buffer, nint length)
    {
        bool isKept = false;
        descriptor.DangerousAddRef(ref isKept);
        nint outcome;
        do
        {
            nint count = ReadNumber < 0
                ? ReadFunction(descriptor.Number, buffer, (nuint)length)
                : ReadCall(ReadNumber, descriptor.Number, buffer, length);
            outcome = count >= 0 ? count : -Errno.Current;
        }
        while (outcome == -Errno.EINTR);
        descriptor.DangerousRelease();
        return outcome;
    }

    [LibraryImport(Library, EntryPoint = "read")]
    private static partial nint ReadFunction(int descriptor, byte* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint ReadCall(nint number, nint descriptor, byte* buffer, nint length);
}
