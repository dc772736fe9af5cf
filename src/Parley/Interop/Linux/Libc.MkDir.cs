using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "mkdir", SetLastError = true)]
    internal static partial int MkDir(byte* path, uint mode);
}
