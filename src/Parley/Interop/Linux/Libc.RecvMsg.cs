using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Set in what is returned: there were more descriptors than there was room for. The kernel has closed those.</summary>
    internal const int MSG_CTRUNC = 0x8;

    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint RecvMsg(DescriptorHandle socket, MessageParts* message, int flags);
}
