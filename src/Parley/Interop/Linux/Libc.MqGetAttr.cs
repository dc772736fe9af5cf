using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "mq_getattr", SetLastError = true)]
    internal static partial int MqGetAttr(DescriptorHandle queue, QueueAttributes* attributes);
}
