using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    /// <summary>Sends a signal to a thread of this process, which must not have ended.</summary>
    /// <returns>0 or the error number.</returns>
    [LibraryImport(Library, EntryPoint = "pthread_kill")]
    internal static partial int PThreadKill(nint thread, int signal);
}
