using System.Collections.Concurrent;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// The pipe through which bytes move from one descriptor to another without a copy. It is borrowed while there is something in it: a relay
/// over which nothing moves holds none.
/// </summary>
internal sealed class SplicePipe
{
    // With a hundred relays at once a byte takes the kernel 1.6 times the cycles in pieces of half that size; a MiB takes as many as this, and
    // keeps more bytes under way than its caches hold. All pipes of a user together may hold 64 MiB (/proc/sys/fs/pipe-user-pages-soft), used
    // or not; beyond that every new one, of whatever program, holds two pages.
    private const int Size = 512 * 1024;

    // What is not used is kept for the next.
    private const int MostKept = 8;

    private static readonly ConcurrentBag<SplicePipe> Kept = [];

    private SplicePipe(DescriptorHandle read, DescriptorHandle write)
    {
        ReadEnd = read;
        WriteEnd = write;
        Capacity = PipeSize.Enlarge(write, Size);
    }

    internal DescriptorHandle ReadEnd { get; }

    internal DescriptorHandle WriteEnd { get; }

    internal int Capacity { get; }

    /// <summary>Bytes in it.</summary>
    internal int Count { get; set; }

    /// <summary>Takes one.</summary>
    /// <returns><see langword="null"/> where the process has no descriptors left for one.</returns>
    internal static SplicePipe? TryRent() => Kept.TryTake(out SplicePipe? kept) ? kept : TryMake();

    /// <summary>Gives it back. One with something left in it is nobody else's to use.</summary>
    internal void Return()
    {
        if (Count == 0 && Kept.Count < MostKept)
        {
            Kept.Add(this);
            return;
        }

        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }

    private static unsafe SplicePipe? TryMake()
    {
        int* ends = stackalloc int[2];
        return Libc.Pipe2(ends, Libc.O_CLOEXEC | Libc.O_NONBLOCK) < 0
            ? null
            : new SplicePipe(new DescriptorHandle(ends[0]), new DescriptorHandle(ends[1]));
    }
}
