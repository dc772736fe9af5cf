using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    internal const int SCM_RIGHTS = 1;

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint SendMsg(DescriptorHandle socket, MessageParts* message, int flags);
}
