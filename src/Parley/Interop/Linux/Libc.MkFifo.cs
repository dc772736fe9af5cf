using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "mkfifo", SetLastError = true)]
    internal static partial int MkFifo(byte* path, uint mode);
}
