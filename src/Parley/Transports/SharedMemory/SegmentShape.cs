namespace Parley.Transports.SharedMemory;

/// <summary>How large a segment is and where its rings are. Checked before it is used: a peer may have said it.</summary>
internal readonly record struct SegmentShape(long Size, long FirstRing, long SecondRing, long Capacity)
{
    // Where huge pages are to be had, a ring that begins at one can consist of them.
    internal const int HugePage = 2 * 1024 * 1024;

    /// <summary>Whether rings of a size are to consist of huge pages: not those that nobody asked for, for the first byte would take a whole one.</summary>
    internal static bool TakesHugePages(long capacity) => capacity > SharedLayout.DefaultCapacity;

    /// <summary>The shape that this side gives a segment.</summary>
    /// <param name="capacity">Bytes of each ring: a power of two; raised to a page where the system's are larger.</param>
    internal static SegmentShape Of(int capacity)
    {
        capacity = Math.Max(capacity, Environment.SystemPageSize);
        int first = TakesHugePages(capacity) ? HugePage : SharedLayout.FirstRing;
        return new SegmentShape(first + (2L * capacity), first, (long)first + capacity, capacity);
    }

    /// <summary>What is wrong with it; <see langword="null"/> where nothing is.</summary>
    internal string? Problem
    {
        get
        {
            if (Capacity is < SharedLayout.SmallestCapacity or > SharedLayout.LargestCapacity || !long.IsPow2(Capacity) || Capacity % Environment.SystemPageSize != 0)
                return $"a capacity of {Capacity} bytes";
            if (!IsPlace(FirstRing) || !IsPlace(SecondRing))
                return $"rings at {(ulong)FirstRing} and {(ulong)SecondRing} of {(ulong)Size} bytes";
            return Math.Abs(FirstRing - SecondRing) < Capacity ? "rings that overlap" : null;
        }
    }

    private bool IsPlace(long offset)
        => offset >= SharedLayout.SmallestCapacity && offset % Environment.SystemPageSize == 0 && offset <= Size - Capacity;
}
