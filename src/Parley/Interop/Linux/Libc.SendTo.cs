using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint SendTo(DescriptorHandle socket, byte* buffer, nuint length, int flags, byte* address, uint addressLength);
}
