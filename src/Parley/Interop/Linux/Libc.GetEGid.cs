using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "getegid")]
    internal static partial uint GetEGid();
}
