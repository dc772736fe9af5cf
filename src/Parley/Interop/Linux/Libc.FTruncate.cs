using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int FTruncate(DescriptorHandle file, long length);
}
