namespace Parley.Transports.Spooling;

/// <summary>How large the slots of a spool are to be.</summary>
/// <param name="SizeAtFirst">Messages of that size have room in each.</param>
/// <param name="MayGrow">Whether the source leaves a message that is longer where it is, so that larger slots can be made for it.</param>
internal readonly record struct SpoolSlots(int SizeAtFirst, bool MayGrow)
{
    // A slot for the longest is no waste up to here: any datagram.
    private const int AlwaysForTheLongest = 64 * 1024;

    // So many messages at least, before there is one that needs more than its part.
    private const int CountAtFirst = 64;

    internal static SpoolSlots For(MessageChannel source, long capacity)
    {
        // A queue gives a message only to room for its longest.
        int longest = source.MaxMessageSize;
        if (source.IsPriorityFirst || longest <= AlwaysForTheLongest)
            return new(longest, MayGrow: false);
        long part = Math.Min(Math.Max(AlwaysForTheLongest, capacity / CountAtFirst), SpoolFile.LargestIn(capacity));
        return new((int)Math.Clamp(part, 0, longest), MayGrow: true);
    }
}
