using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal static readonly int O_DIRECTORY =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true)]
    internal static partial DescriptorHandle OpenAt(DescriptorHandle directory, byte* name, int flags, uint mode);
}
