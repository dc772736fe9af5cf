using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int PROT_NONE = 0;
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int MAP_SHARED = 1;
    internal const int MAP_PRIVATE = 2;
    internal const int MAP_FIXED = 0x10;
    internal const int MAP_ANONYMOUS = 0x20;
    internal const int MAP_NORESERVE = 0x4000;

    /// <returns>The address; -1 where it failed.</returns>
    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MMap(void* address, nuint length, int protection, int flags, DescriptorHandle file, long offset);

    /// <summary>Maps no file.</summary>
    /// <returns>The address; -1 where it failed.</returns>
    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MMap(void* address, nuint length, int protection, int flags, int minusOne, long offset);
}
