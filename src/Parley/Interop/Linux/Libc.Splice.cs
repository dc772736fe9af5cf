using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const uint SPLICE_F_MOVE = 1;
    internal const uint SPLICE_F_NONBLOCK = 2;

    /// <summary>Moves bytes between two descriptors, one of which is a pipe, at the position of each.</summary>
    [LibraryImport(Library, EntryPoint = "splice", SetLastError = true)]
    internal static partial nint Splice(
        DescriptorHandle from, long* fromOffset, DescriptorHandle to, long* toOffset, nuint length, uint flags);
}
