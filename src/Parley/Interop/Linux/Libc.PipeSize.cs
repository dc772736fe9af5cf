using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    internal const int F_SETPIPE_SZ = 1031;
    internal const int F_GETPIPE_SZ = 1032;

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int PipeSize(DescriptorHandle pipe, int command, int size);
}
