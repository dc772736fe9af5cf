using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Not private: the word is in memory of two processes.</summary>
    internal const int FUTEX_WAIT = 0;
    internal const int FUTEX_WAKE = 1;

    private static readonly nint FutexNumber = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 98,
        _ => -1,
    };

    /// <summary>Waits while the word has the value, for at most so long (<c>FUTEX_WAIT</c>), or wakes so many (<c>FUTEX_WAKE</c>).</summary>
    /// <returns>How many were woken; -1 where it failed, or ENOSYS on a processor for which the number is not known here.</returns>
    internal static nint Futex(uint* word, int operation, uint value, TimeSpec* timeout)
        => FutexCall(FutexNumber, word, operation, value, timeout, null, 0);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint FutexCall(nint number, uint* word, nint operation, nuint value, TimeSpec* timeout, uint* second, nuint third);
}
