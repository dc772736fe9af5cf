using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>How much a pipe holds. A large one lets both of its ends work longer before one has to wake the other.</summary>
internal static class PipeSize
{
    /// <summary>What the kernel gives every user, unless told otherwise (/proc/sys/fs/pipe-max-size).</summary>
    internal const int Largest = 1024 * 1024;

    /// <summary>
    /// The most that one call puts into a pipe or takes out of it, in bytes. The kernel locks a pipe for as long as a call copies: in small pieces
    /// writer and reader copy side by side, the bytes are still in the cache when they are read, which is about twice as fast as 256 KiB a call, and
    /// the two pages that the kernel keeps for a pipe's writer are all that it needs.
    /// </summary>
    internal const int Piece = 8 * 1024;

    /// <summary>
    /// Enlarges a pipe as far as this user may. One who has used his share up, or has a smaller limit, keeps it as it is: it carries the same
    /// bytes, in more calls.
    /// </summary>
    /// <param name="pipe">Either end.</param>
    /// <param name="wanted">How large, in bytes.</param>
    /// <returns>What it holds.</returns>
    internal static int Enlarge(DescriptorHandle pipe, int wanted = Largest)
    {
        int current = Math.Max(0, Libc.Set(pipe, Libc.F_GETPIPE_SZ, 0));
        for (int size = wanted; size > current; size /= 2)
        {
            int got = Libc.Set(pipe, Libc.F_SETPIPE_SZ, size);
            if (got > 0)
                return got;
        }

        return current;
    }
}
