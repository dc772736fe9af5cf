using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int MSG_MORE = 0x8000;
    internal const int MSG_NOSIGNAL = 0x4000;

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(DescriptorHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(int socket, byte* buffer, nuint length, int flags);
}
