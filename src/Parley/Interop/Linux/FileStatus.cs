namespace Parley.Interop.Linux;

/// <summary>What a path or a descriptor leads to.</summary>
internal static unsafe class FileStatus
{
    /// <summary>Looks at a path without following a symbolic link at its end.</summary>
    /// <returns>0 or the error number.</returns>
    internal static int OfPath(string path, out StatxResult status)
    {
        StatxResult result;
        fixed (byte* name = PathBytes(path))
        {
            int outcome = Libc.Statx(Libc.AT_FDCWD, name, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, &result);
            status = result;
            return outcome == 0 ? 0 : Errno.Last;
        }
    }

    /// <summary>Looks at what is open.</summary>
    /// <returns>0 or the error number.</returns>
    internal static int OfDescriptor(DescriptorHandle descriptor, out StatxResult status) => OfNumber(descriptor.Number, out status);

    /// <summary>Looks at what is open under a number.</summary>
    /// <returns>0 or the error number.</returns>
    internal static int OfNumber(int number, out StatxResult status)
    {
        StatxResult result;
        byte empty = 0;
        int outcome = Libc.Statx(number, &empty, Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, &result);
        status = result;
        return outcome == 0 ? 0 : Errno.Last;
    }

    /// <summary>A path as system calls take it: its bytes, closed by a NUL.</summary>
    internal static byte[] PathBytes(string path) => EscapedUtf8.Encode(path + '\0');
}
