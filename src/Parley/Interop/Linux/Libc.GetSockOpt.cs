using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int SO_ERROR = 4;
    internal const int SO_PEERCRED = 17;
    internal const int SO_MEMINFO = 55;
    internal const int TCP_INFO = 11;

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSockOpt(DescriptorHandle socket, int level, int name, void* value, uint* length);
}
