using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial DescriptorHandle EventFd(uint initial, int flags);
}
