using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <returns>How many messages were received; -1 where the first could not be. An error of a later one is told by the next call.</returns>
    [LibraryImport(Library, EntryPoint = "recvmmsg", SetLastError = true)]
    internal static partial int RecvMMsg(DescriptorHandle socket, MessageVector* messages, uint count, int flags, void* timeout);
}
