namespace Parley.Transports.Descriptors;

/// <summary>
/// How large the pipes are that bytes are moved through, and how many there are. All pipes of a user together may hold 64 MiB
/// (/proc/sys/fs/pipe-user-pages-soft), used or not; beyond that every new one, of whatever program, holds two pages. These take no more than half of it.
/// </summary>
internal static class SplicePipeShare
{
    /// <summary>Through one that holds less, in bytes, the calls cost more than a copy. An unprivileged user who has used his share up gets no other.</summary>
    internal const int Least = 64 * 1024;

    // As much as every user may have in one. Each piece that leaves a socket opens its window and wakes whoever sends, whatever its size: taking a
    // GiB out of one costs 46 ms in these pieces, and 70 in half of that. More of them keep more bytes under way than the caches hold.
    private const int Largest = 1024 * 1024;
    private const int MostLargest = 4;

    // With a hundred relays at once a byte takes the kernel 1.6 times the cycles in pieces of half that size, and more beside many of the largest.
    private const int Large = 512 * 1024;
    private const int MostLarge = MostLargest + 28;

    private const int Small = 128 * 1024;
    private const int Most = MostLarge + 100;

    /// <summary>How large a pipe is to be.</summary>
    /// <param name="count">How many there are, with this one.</param>
    /// <returns>Its size in bytes, or 0 where there is to be none: what would go through it is copied.</returns>
    internal static int Wanted(int count) => count switch
    {
        <= MostLargest => Largest,
        <= MostLarge => Large,
        <= Most => Small,
        _ => 0,
    };
}
