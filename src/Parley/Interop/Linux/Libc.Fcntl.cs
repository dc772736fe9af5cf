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
    internal const int F_ADD_SEALS = 1033;
    internal const int F_GET_SEALS = 1034;
    internal const int F_SEAL_SEAL = 1;
    internal const int F_SEAL_SHRINK = 2;
    internal const int F_SEAL_GROW = 4;

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int GetFlags(int descriptor, int command, int nothing);

    /// <summary>Duplicates a descriptor to a number of at least <paramref name="atLeast"/>, closed on exec.</summary>
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial DescriptorHandle Duplicate(int descriptor, int command, int atLeast);

    /// <summary>Sets the flags, or the size of a pipe; adds seals; asks for what has no argument.</summary>
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Set(DescriptorHandle descriptor, int command, int value);
}
