using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const uint MFD_CLOEXEC = 1;
    internal const uint MFD_ALLOW_SEALING = 2;

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true)]
    internal static partial DescriptorHandle MemFdCreate(byte* name, uint flags);
}
