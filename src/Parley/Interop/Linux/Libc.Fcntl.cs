using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    internal const int F_GETFD = 1;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int FD_CLOEXEC = 1;
    internal const int F_SETPIPE_SZ = 1031;
    internal const int F_GETPIPE_SZ = 1032;

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int GetFlags(int descriptor, int command, int nothing);

    /// <summary>Duplicates a descriptor to a number of at least <paramref name="atLeast"/>, closed on exec.</summary>
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial DescriptorHandle Duplicate(int descriptor, int command, int atLeast);

    /// <summary>Sets the flags, or the size of a pipe.</summary>
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Set(DescriptorHandle descriptor, int command, int value);
}
