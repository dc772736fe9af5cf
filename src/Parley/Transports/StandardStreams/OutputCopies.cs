using System.Globalization;
using Parley.Interop.Linux;

namespace Parley.Transports.StandardStreams;

/// <summary>
/// Every descriptor of this process that keeps standard output's pipe open: the runtime duplicates standard output for itself, and whoever
/// reads the pipe would see no end while one of them is open.
/// </summary>
internal static class OutputCopies
{
    private const string Descriptors = "/proc/self/fd/";
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>Puts something else in the place of all of them. Their numbers stay in use, so that nobody's is mixed up with another.</summary>
    /// <returns>0 or the negative error number.</returns>
    internal static int ReplaceBy(DescriptorHandle other)
    {
        // Where errors go the same way, the end of the one is not the end of the other.
        bool isAlone = FileStatus.OfNumber(StandardOutput, out StatxResult pipe) == 0 && pipe.IsFifo
            && !(FileStatus.OfNumber(StandardError, out StatxResult errors) == 0 && errors.IsSameFile(pipe));
        foreach (int copy in isAlone ? Copies(pipe) : [])
        {
            if (Libc.Dup3(other.Number, copy, Libc.O_CLOEXEC) < 0)
                return -Errno.Last;
        }

        return Libc.Dup3(other.Number, StandardOutput, 0) < 0 ? -Errno.Last : 0;
    }

    private static int[] Copies(StatxResult pipe) =>
    [
        .. Directory.GetFileSystemEntries(Descriptors)
            .Select(static path => int.Parse(path.AsSpan(Descriptors.Length), NumberStyles.None, CultureInfo.InvariantCulture))
            .Where(number => number > StandardError && FileStatus.OfNumber(number, out StatxResult other) == 0 && other.IsSameFile(pipe) && IsWritten(number)),
    ];

    private static bool IsWritten(int number)
        => Libc.GetFlags(number, Libc.F_GETFL, 0) is var flags and >= 0 && (flags & Libc.O_ACCMODE) != Libc.O_RDONLY;
}
