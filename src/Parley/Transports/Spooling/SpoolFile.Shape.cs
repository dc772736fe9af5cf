namespace Parley.Transports.Spooling;

/// <content>
/// How large the slots are. A file that holds nothing gets others where a message needs them: in its place, for room that is given back may be gone.
/// </content>
internal sealed unsafe partial class SpoolFile
{
    /// <summary>The longest message that there is room for, were it the only one.</summary>
    internal int LargestMessage => LargestIn(_length);

    /// <summary>The same for a file of that size; negative where there is no room for any.</summary>
    internal static int LargestIn(long length) => (int)((length - SpoolHeader.PageSize - SlotHeader.Size) & ~63L);

    /// <summary>Makes slots of another size, where all are free, and nobody else uses one. What was interrupted in it is done again, from the beginning.</summary>
    internal void Remake(int messageSize, bool sync)
    {
        ref SpoolHeader header = ref *(SpoolHeader*)_region.Start;
        long slotSize = SlotSizeFor(messageSize);
        int slots = (int)((_length - SpoolHeader.PageSize) / slotSize);
        Volatile.Write(ref header.Magic, SpoolHeader.RemakingMagic);

        // What the device has of the next step must not be without the one before it: bytes of a message would be taken for a slot.
        SyncRemaking();
        for (int slot = 0; slot < slots; slot++)
            new Span<byte>(_region.Start + SpoolHeader.PageSize + (slot * slotSize), SlotHeader.Size).Clear();
        SyncRemaking();
        header.SlotSize = (int)slotSize;
        header.SlotCount = slots;
        header.MessageSize = messageSize;
        header.Checksum = Checksum(_region.Start);
        Volatile.Write(ref header.Magic, SpoolHeader.SpoolMagic);
        ReadShape();

        void SyncRemaking()
        {
            if (sync)
                Sync();
        }
    }

    private static long SlotSizeFor(int messageSize) => SlotHeader.Size + (((long)messageSize + 63) & ~63L);

    private void ReadShape()
    {
        ref SpoolHeader header = ref *(SpoolHeader*)_region.Start;
        _slotSize = header.SlotSize;
        SlotCount = header.SlotCount;
        MessageSize = header.MessageSize;
        _dirty = new int[SlotCount];
        Array.Fill(_dirty, MessageSize);
    }
}
