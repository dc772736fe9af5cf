using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    private const int NumberOfPidFdSendSignal = 424;

    /// <summary>Signals that very process: never another one that was given its number.</summary>
    internal static int PidFdSendSignal(DescriptorHandle process, int signal)
        => (int)PidFdSendSignal(NumberOfPidFdSendSignal, process, signal, 0, 0);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint PidFdSendSignal(nint number, DescriptorHandle process, nint signal, nint information, nint flags);
}
