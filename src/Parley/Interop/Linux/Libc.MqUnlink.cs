using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "mq_unlink", SetLastError = true)]
    internal static partial int MqUnlink(byte* name);
}
