using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Links came or went: a file that is removed while it is open says so by this.</summary>
    internal const uint IN_ATTRIB = 0x4;
    internal const uint IN_CLOSE_WRITE = 0x8;
    internal const uint IN_CLOSE_NOWRITE = 0x10;
    internal const uint IN_OPEN = 0x20;
    internal const uint IN_MOVE_SELF = 0x800;

    /// <summary>More happened than the queue holds; what, is lost.</summary>
    internal const uint IN_Q_OVERFLOW = 0x4000;

    [LibraryImport(Library, EntryPoint = "inotify_add_watch", SetLastError = true)]
    internal static partial int InotifyAddWatch(DescriptorHandle inotify, byte* path, uint mask);
}
