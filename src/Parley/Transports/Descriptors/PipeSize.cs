using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>How much a pipe holds. A large one lets both of its ends work longer before one has to wake the other.</summary>
internal static class PipeSize
{
    /// <summary>What the kernel gives every user, unless told otherwise (/proc/sys/fs/pipe-max-size).</summary>
    internal const int Largest = 1024 * 1024;

    /// <summary>Enlarges a pipe as far as this user may.</summary>
    /// <returns>What it holds, or 0 where that is unknown: it then stays as it is.</returns>
    internal static int Enlarge(DescriptorHandle pipe)
    {
        for (int size = Largest; size > 64 * 1024; size /= 2)
        {
            int got = Libc.Set(pipe, Libc.F_SETPIPE_SZ, size);
            if (got > 0)
                return got;
        }

        return Math.Max(0, Libc.Set(pipe, Libc.F_GETPIPE_SZ, 0));
    }
}
