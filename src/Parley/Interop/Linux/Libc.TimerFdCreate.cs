using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int CLOCK_MONOTONIC = 1;
    internal const int TFD_CLOEXEC = 0x80000;
    internal const int TFD_NONBLOCK = 0x800;

    [LibraryImport(Library, EntryPoint = "timerfd_create", SetLastError = true)]
    internal static partial DescriptorHandle TimerFdCreate(int clock, int flags);
}
