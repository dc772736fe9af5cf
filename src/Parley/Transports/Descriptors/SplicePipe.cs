using System.Collections.Concurrent;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// The pipe through which bytes move from one descriptor to another without a copy. It is borrowed while there is something in it: a relay
/// over which nothing moves holds none.
/// </summary>
internal sealed class SplicePipe
{
    // All pipes of a user together may hold 64 MiB (/proc/sys/fs/pipe-user-pages-soft), used or not; beyond that every new one, of
    // whatever program, holds two pages. A TCP stream seldom has more than this waiting; one that has again and again takes a third less
    // time with a large pipe, of which there are 16 MiB at most.
    private const int Size = 256 * 1024;
    private const int MostLarge = 16;

    // What is not used is kept for the next.
    private const int MostKept = 16;

    private static readonly ConcurrentBag<SplicePipe> Kept = [];
    private static readonly ConcurrentBag<SplicePipe> KeptLarge = [];
    private static int _large;

    private SplicePipe(DescriptorHandle read, DescriptorHandle write, bool isLarge)
    {
        ReadEnd = read;
        WriteEnd = write;
        IsLarge = isLarge;
        Capacity = PipeSize.Enlarge(write, isLarge ? PipeSize.Largest : Size);
    }

    internal DescriptorHandle ReadEnd { get; }

    internal DescriptorHandle WriteEnd { get; }

    internal int Capacity { get; }

    internal bool IsLarge { get; }

    /// <summary>Bytes in it.</summary>
    internal int Count { get; set; }

    /// <summary>Takes one; a large one, where that is asked for and there are not too many.</summary>
    /// <returns><see langword="null"/> where the process has no descriptors left for one.</returns>
    internal static SplicePipe? TryRent(bool large)
    {
        if (!large)
            return Kept.TryTake(out SplicePipe? usual) ? usual : TryMake(isLarge: false);
        if (KeptLarge.TryTake(out SplicePipe? kept))
            return kept;
        if (Interlocked.Increment(ref _large) <= MostLarge && TryMake(isLarge: true) is { } made)
            return made;
        Interlocked.Decrement(ref _large);
        return TryRent(large: false);
    }

    /// <summary>Gives it back. One with something left in it is nobody else's to use.</summary>
    internal void Return()
    {
        ConcurrentBag<SplicePipe> kept = IsLarge ? KeptLarge : Kept;
        if (Count == 0 && kept.Count < MostKept)
        {
            kept.Add(this);
            return;
        }

        ReadEnd.Dispose();
        WriteEnd.Dispose();
        if (IsLarge)
            Interlocked.Decrement(ref _large);
    }

    private static unsafe SplicePipe? TryMake(bool isLarge)
    {
        int* ends = stackalloc int[2];
        return Libc.Pipe2(ends, Libc.O_CLOEXEC | Libc.O_NONBLOCK) < 0
            ? null
            : new SplicePipe(new DescriptorHandle(ends[0]), new DescriptorHandle(ends[1]), isLarge);
    }
}
