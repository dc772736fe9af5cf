using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int SIG_UNBLOCK = 1;

    /// <summary>The size of <c>sigset_t</c>: one bit a signal, from 1, in words.</summary>
    internal const int SigSetSize = 128;

    /// <returns>0 or the error number.</returns>
    [LibraryImport(Library, EntryPoint = "pthread_sigmask")]
    internal static partial int PThreadSigMask(int how, void* set, void* before);
}
