using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Given: the length returned is the datagram's, however short the buffer. Returned: it was cut.</summary>
    internal const int MSG_TRUNC = 0x20;

    [LibraryImport(Library, EntryPoint = "recvfrom", SetLastError = true)]
    internal static partial nint RecvFrom(DescriptorHandle socket, byte* buffer, nuint length, int flags, byte* address, uint* addressLength);
}
