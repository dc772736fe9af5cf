using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    // The same number on every architecture. C libraries name the call only since lately.
    private const int NumberOfPidFdOpen = 434;

    /// <summary>A descriptor of a process, closed on exec, that is readable once the process has ended. Linux 5.3.</summary>
    internal static DescriptorHandle PidFdOpen(int pid) => PidFdOpen(NumberOfPidFdOpen, pid, 0);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial DescriptorHandle PidFdOpen(nint number, nint pid, nint flags);
}
