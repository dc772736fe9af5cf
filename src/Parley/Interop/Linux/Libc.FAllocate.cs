using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Reserves room for a part of a file, which reads as zeros; what is there already stays.</summary>
    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int FAllocate(DescriptorHandle file, int mode, long offset, long length);
}
