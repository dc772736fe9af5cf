using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "chmod", SetLastError = true)]
    internal static partial int ChMod(byte* path, uint mode);
}
