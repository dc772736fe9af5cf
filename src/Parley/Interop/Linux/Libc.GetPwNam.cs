using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "getpwnam_r")]
    internal static partial int GetPwNam(byte* name, UserEntry* entry, byte* buffer, nuint size, UserEntry** found);
}
