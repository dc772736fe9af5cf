using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    internal const int MEMBARRIER_CMD_GLOBAL_EXPEDITED = 2;
    internal const int MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 4;

    private static readonly nint MembarrierNumber = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 324,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 283,
        _ => -1,
    };

    /// <returns>0; -1 where the kernel does not know the command, or a sandbox forbids it.</returns>
    internal static nint Membarrier(int command) => MembarrierCall(MembarrierNumber, command, 0, 0);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint MembarrierCall(nint number, nint command, nuint flags, nint processor);
}
