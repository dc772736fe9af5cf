using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int MUnmap(void* address, nuint length);
}
