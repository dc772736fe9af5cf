using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>What the memory of <c>memfd_create</c> lies in, unless it is of huge pages.</summary>
    internal const nint TMPFS_MAGIC = 0x01021994;

    // struct statfs has 120 bytes on all that this runs on; the first word says what kind it is.
    private const int StatFsWords = 16;

    /// <summary>In which kind of file system a file is.</summary>
    /// <returns>0, or the error's number.</returns>
    internal static int FStatFs(DescriptorHandle file, out nint kind)
    {
        nint* words = stackalloc nint[StatFsWords];
        int error = FStatFs(file, words) == 0 ? 0 : Errno.Last;
        kind = words[0];
        return error;
    }

    [LibraryImport(Library, EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int FStatFs(DescriptorHandle file, nint* status);
}
