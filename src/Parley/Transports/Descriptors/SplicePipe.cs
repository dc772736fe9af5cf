using System.Collections.Concurrent;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// The pipe through which bytes move from one descriptor to another without a copy. It is borrowed while there is something in it: a relay
/// over which nothing moves holds none.
/// </summary>
internal sealed class SplicePipe
{
    // What is not used is kept for the next.
    private const int MostKept = 8;

    private static readonly ConcurrentBag<SplicePipe> Kept = [];
    private static int _count;

    private SplicePipe(DescriptorHandle read, DescriptorHandle write, int wanted)
    {
        ReadEnd = read;
        WriteEnd = write;
        Capacity = PipeSize.Enlarge(write, wanted);
    }

    internal DescriptorHandle ReadEnd { get; }

    internal DescriptorHandle WriteEnd { get; }

    internal int Capacity { get; }

    /// <summary>Bytes in it.</summary>
    internal int Count { get; set; }

    /// <summary>Takes one.</summary>
    /// <param name="isRefused">Whether the process has no descriptors left for one, or the user no room for one that is worth it.</param>
    /// <returns><see langword="null"/> where there is none, be it only because others use as many as there may be.</returns>
    internal static SplicePipe? TryRent(out bool isRefused)
    {
        isRefused = false;
        while (Kept.TryTake(out SplicePipe? kept))
        {
            if (kept.IsLargeEnough)
                return kept;
            kept.Close();
        }

        int wanted = SplicePipeShare.Wanted(Interlocked.Increment(ref _count));
        SplicePipe? made = wanted > 0 ? TryMake(wanted) : null;
        if (made is { Capacity: >= SplicePipeShare.Least })
            return made;
        isRefused = wanted > 0;
        if (made is null)
            Interlocked.Decrement(ref _count);
        else
            made.Close();
        return null;
    }

    /// <summary>Gives it back. One with something left in it is nobody else's to use.</summary>
    internal void Return()
    {
        if (Count == 0 && Kept.Count < MostKept && IsLargeEnough)
            Kept.Add(this);
        else
            Close();
    }

    // One that was made small beside many others is not what a relay is to have once they are gone.
    private bool IsLargeEnough => Capacity >= SplicePipeShare.Wanted(Volatile.Read(ref _count));

    private static unsafe SplicePipe? TryMake(int wanted)
    {
        int* ends = stackalloc int[2];
        return Libc.Pipe2(ends, Libc.O_CLOEXEC | Libc.O_NONBLOCK) < 0
            ? null
            : new SplicePipe(new DescriptorHandle(ends[0]), new DescriptorHandle(ends[1]), wanted);
    }

    private void Close()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
        Interlocked.Decrement(ref _count);
    }
}
