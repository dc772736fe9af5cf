using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "sendfile64", SetLastError = true)]
    internal static partial nint SendFile(DescriptorHandle to, SafeHandle file, long* offset, nuint length);
}
