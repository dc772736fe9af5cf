using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "inotify_rm_watch", SetLastError = true)]
    internal static partial int InotifyRmWatch(DescriptorHandle inotify, int watch);
}
