using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "pthread_self")]
    internal static partial nint PThreadSelf();
}
