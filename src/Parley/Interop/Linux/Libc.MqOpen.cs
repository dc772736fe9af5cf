using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

// In glibc itself since 2.34, in librt before.
internal static unsafe partial class Libc
{
    internal const int O_EXCL = 0x80;

    /// <summary>Variadic in C; what is passed is the same on Linux, as with open.</summary>
    [LibraryImport(Library, EntryPoint = "mq_open", SetLastError = true)]
    internal static partial DescriptorHandle MqOpen(byte* name, int flags, uint mode, QueueAttributes* attributes);
}
