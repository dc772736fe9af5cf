using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int W_OK = 2;

    /// <summary>Asks for the user that this process acts as, as opening does, and not for the one who started it.</summary>
    internal const int AT_EACCESS = 0x200;

    [LibraryImport(Library, EntryPoint = "faccessat", SetLastError = true)]
    internal static partial int FAccessAt(int directory, byte* path, int mode, int flags);
}
