using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Bytes that the peer has not acknowledged yet (TCP), or not read yet (Unix socket).</summary>
    internal const nuint SIOCOUTQ = 0x5411;

    /// <summary>Bytes in a pipe that nobody has read yet, whose either end may ask, or that have come at a socket.</summary>
    internal const nuint FIONREAD = 0x541B;

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(DescriptorHandle descriptor, nuint request, int* value);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(int descriptor, nuint request, int* value);
}
