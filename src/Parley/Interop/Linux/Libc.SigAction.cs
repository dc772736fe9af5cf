using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>More than <c>struct sigaction</c> takes; it begins with what is done about the signal.</summary>
    internal const int SigActionSize = 512;

    internal const nint SIG_DFL = 0;
    internal const nint SIG_IGN = 1;

    [LibraryImport(Library, EntryPoint = "sigaction", SetLastError = true)]
    internal static partial int SigAction(int signal, void* action, void* before);
}
