using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Spooling;

/// <summary>
/// The mapped file: a header, and slots of one size for a message each. It knows nothing of order or of who waits. One thread at a time uses a slot.
/// </summary>
internal sealed unsafe partial class SpoolFile : IDisposable
{
    private const int IdBytes = 8;

    private readonly DescriptorHandle _file;
    private readonly MappedRegion _region;
    private readonly string _path;
    private readonly EndPoint? _asked;
    private readonly int _length;
    private int _slotSize;

    // How much of a free slot's body may differ from the pattern: of one that this process has not used, all.
    private int[] _dirty = [];

    private SpoolFile(DescriptorHandle file, MappedRegion region, int length, string path, EndPoint? asked)
    {
        _file = file;
        _region = region;
        _path = path;
        _asked = asked;
        _length = length;

        // Otherwise it has no slots as yet.
        if (((SpoolHeader*)region.Start)->Magic == SpoolHeader.SpoolMagic)
            ReadShape();
        Id = Convert.ToHexStringLower(SHA256.HashData(Pattern).AsSpan(0, IdBytes));
    }

    internal int SlotCount { get; private set; }

    internal int MessageSize { get; private set; }

    internal string Path => _path;

    /// <summary>No other file has it, for the pattern is random: with a message's number it names the message.</summary>
    internal string Id { get; }

    /// <summary>The highest number that any message had.</summary>
    internal long LastSequence => ((SpoolHeader*)_region.Start)->LastSequence;

    private ReadOnlySpan<byte> Pattern => new(_region.Start + SpoolHeader.PatternOffset, SpoolPattern.Length);

    /// <summary>Opens the file; makes it for messages of that size where there is none, or where it is empty and made for others.</summary>
    /// <param name="path">The file.</param>
    /// <param name="messageSize">The longest message.</param>
    /// <param name="mayGrow">Whether longer ones may come, for which <see cref="Remake"/> makes room, as much as the capacity is.</param>
    /// <param name="capacity">How large it may be.</param>
    /// <param name="sync">Whether it is to outlive a power failure.</param>
    /// <param name="asked">Whose messages it is for.</param>
    internal static SpoolFile Open(string path, int messageSize, bool mayGrow, long capacity, bool sync, EndPoint? asked)
    {
        long slotSize = SlotSizeFor(messageSize);
        long slots = (capacity - SpoolHeader.PageSize) / slotSize;
        if (slots < 1)
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, $"A spool for one message of {messageSize} bytes takes {SpoolHeader.PageSize + slotSize}.");
        int length = mayGrow ? (int)capacity : SpoolHeader.PageSize + (int)(slotSize * slots);
        DescriptorHandle file = SpoolOpening.Open(path, asked, sync, out bool isNew);
        SpoolFile? made = null;
        try
        {
            made = OpenMade(file, path, asked);
            if (made is not null)
            {
                if ((made.MessageSize == messageSize && made.SlotCount == slots) || ((mayGrow || made.MessageSize >= messageSize) && !made.IsEmpty()))
                    return made;
                if (!made.IsEmpty())
                {
                    throw SpoolOpening.Refused(
                        asked, path, Reason.TooLarge, $"holds messages of at most {made.MessageSize} bytes, and the source's have up to {messageSize}: empty it first");
                }

                if (made._length == length)
                {
                    made.Remake(messageSize, sync);
                    return made;
                }

                made._region.Dispose();
            }

            return Make(file, path, messageSize, (int)slots, length, sync, asked);
        }
        catch
        {
            made?._region.Dispose();

            // One that could not be made is no spool, and in nobody's way.
            if (isNew)
                SpoolOpening.Remove(path);
            SpoolOpening.Close(file);
            throw;
        }
    }

    internal ref SlotHeader Header(int slot) => ref *(SlotHeader*)At(slot);

    /// <summary>All of the room for a message.</summary>
    internal Span<byte> Room(int slot) => new(At(slot) + SlotHeader.Size, MessageSize);

    internal ReadOnlySpan<byte> Body(int slot) => Room(slot)[..Header(slot).Length];

    /// <summary>Prepares a slot for the message of that number: whatever is written there can be told from what was there before.</summary>
    internal void Arm(int slot, long sequence, bool isPriorityFirst)
    {
        ref SlotHeader header = ref Header(slot);
        SpoolPattern.Fill(Room(slot)[.._dirty[slot]], Pattern);
        _dirty[slot] = MessageSize;
        header.Priority = SlotHeader.NoPriority;
        header.Sequence = sequence;
        Volatile.Write(ref ((SpoolHeader*)_region.Start)->LastSequence, sequence);
        header.Length = 0;
        header.Flags = isPriorityFirst ? SlotHeader.PriorityFirstFlag : 0;
        Volatile.Write(ref header.State, SlotHeader.Armed);
    }

    /// <summary>
    /// Touches each page of an armed slot: one that was written to the device meanwhile is protected against stores, and a kernel that meets that while it copies, in a
    /// process that is being killed, gives up with the message in its hands.
    /// </summary>
    internal void Touch(int slot)
    {
        byte* end = At(slot) + _slotSize;
        for (byte* at = At(slot); at < end; at += Environment.SystemPageSize)
            Volatile.Write(ref *at, Volatile.Read(ref *at));
        Volatile.Write(ref *(end - 1), Volatile.Read(ref *(end - 1)));
    }

    /// <summary>Records what has come to lie in an armed slot.</summary>
    internal void Hold(int slot, int length, int priority, uint flags = 0)
    {
        ref SlotHeader header = ref Header(slot);
        Volatile.Write(ref header.Length, length);
        header.Priority = (uint)priority;
        header.Flags |= flags;
        header.BodyChecksum = SpoolChecksum.Of(Body(slot));
        header.Checksum = Checksum(header);
        Volatile.Write(ref header.State, SlotHeader.Held);
    }

    internal void Free(int slot)
    {
        ref SlotHeader header = ref Header(slot);
        _dirty[slot] = header.State == SlotHeader.Held ? header.Length : MessageSize;
        Volatile.Write(ref header.State, SlotHeader.Free);
    }

    /// <summary>Looks at what an earlier process left in a slot.</summary>
    /// <param name="slot">Which.</param>
    /// <param name="length">How long the message is that was taken and not recorded.</param>
    /// <param name="cause">What is wrong with one that is damaged.</param>
    internal SlotFinding Examine(int slot, out int length, out string? cause)
    {
        length = 0;
        cause = null;
        ref SlotHeader header = ref Header(slot);
        switch (header.State)
        {
            case SlotHeader.New when !new ReadOnlySpan<byte>(At(slot), SlotHeader.Size).ContainsAnyExcept((byte)0):
            case SlotHeader.Free:
                return SlotFinding.Free;
            case SlotHeader.Armed:
                return ExamineArmed(slot, in header, out length, out cause);
            case SlotHeader.Held when header.Checksum != Checksum(header) || header.Length < 0 || header.Length > MessageSize:
                cause = "its header does not match its checksum";
                return SlotFinding.Corrupt;
            case SlotHeader.Held when header.BodyChecksum != SpoolChecksum.Of(Body(slot)):
                cause = "its bytes do not match their checksum";
                return SlotFinding.Corrupt;
            case SlotHeader.Held:
                return SlotFinding.Held;
            default:
                cause = "its state is unknown";
                return SlotFinding.Corrupt;
        }
    }

    /// <summary>Records the message that was taken and not recorded.</summary>
    internal void Recover(int slot, int length)
    {
        uint priority = Header(slot).Priority;
        Hold(slot, length, priority == SlotHeader.NoPriority ? 0 : (int)priority, SlotHeader.RecoveredFlag);
    }

    /// <summary>Waits until the device has all that was written.</summary>
    internal void Sync()
    {
        while (Libc.FDataSync(_file) != 0)
        {
            if (Errno.Last is var error && error != Errno.EINTR)
                throw new ConnectionException(Step.Receive, ErrnoReasons.Of(error, Step.Receive), _asked, $"the spool {_path}: {Errno.Describe(error)}", error);
        }
    }

    public void Dispose()
    {
        _region.Dispose();
        SpoolOpening.Close(_file);
    }

    private SlotFinding ExamineArmed(int slot, in SlotHeader header, out int length, out string? cause)
    {
        cause = null;
        length = SpoolPattern.WrittenLength(Room(slot), Pattern);
        bool hasPriority = header.Priority != SlotHeader.NoPriority;
        if (header.Length > 0 && header.Length <= MessageSize)
            length = header.Length; // Recorded, though nothing after it was: this one is certain.
        else if (!hasPriority && length == 0)
            return SlotFinding.Free;
        else if (!hasPriority && (header.Flags & SlotHeader.PriorityFirstFlag) != 0)
            cause = "it has bytes of a message that nobody took";
        if (hasPriority && header.Priority > int.MaxValue)
            cause = "its priority is impossible";
        return cause is null ? SlotFinding.Recovered : SlotFinding.Corrupt;
    }

    private static SpoolFile? OpenMade(DescriptorHandle file, string path, EndPoint? asked)
    {
        if (FileStatus.OfDescriptor(file, out StatxResult status) is var error and not 0)
            throw SpoolOpening.Failed(asked, path, error);
        if (status.Size == 0)
            return null;
        if (status.Size < SpoolHeader.PageSize || status.Size > int.MaxValue)
            throw SpoolOpening.Refused(asked, path, Reason.Corrupt, "is no spool: its size is wrong");

        SpoolOpening.ReserveAgain(file, path, (long)status.Size, asked);
        MappedRegion region = Map(file, path, (int)status.Size, asked);
        try
        {
            ref SpoolHeader header = ref *(SpoolHeader*)region.Start;

            // Its making was interrupted: that word is written last, and before it nothing behind the pattern.
            if (header.Magic == 0
                && !new ReadOnlySpan<byte>(region.Start, (int)status.Size)[(SpoolHeader.PatternOffset + SpoolPattern.Length)..].ContainsAnyExcept((byte)0))
            {
                region.Dispose();
                return null;
            }

            // It held nothing when that began.
            if (header.Magic == SpoolHeader.RemakingMagic && header.Version == SpoolHeader.CurrentVersion)
                return new SpoolFile(file, region, (int)status.Size, path, asked);

            if (header.Magic != SpoolHeader.SpoolMagic)
                throw SpoolOpening.Refused(asked, path, Reason.Corrupt, "is no spool");
            if (header.Version != SpoolHeader.CurrentVersion)
                throw SpoolOpening.Refused(asked, path, Reason.Corrupt, $"has version {header.Version}, and only {SpoolHeader.CurrentVersion} is known");
            if (header.Checksum != Checksum(region.Start) || header.MessageSize < 0 || header.SlotSize < SlotHeader.Size + (long)header.MessageSize
                || header.SlotCount < 1 || SpoolHeader.PageSize + ((long)header.SlotSize * header.SlotCount) > (long)status.Size)
            {
                throw SpoolOpening.Refused(asked, path, Reason.Corrupt, "has a damaged header");
            }

            return new SpoolFile(file, region, (int)status.Size, path, asked);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    private static SpoolFile Make(DescriptorHandle file, string path, int messageSize, int slots, int length, bool sync, EndPoint? asked)
    {
        SpoolOpening.Reserve(file, path, length, asked);
        MappedRegion region = Map(file, path, length, asked);
        ref SpoolHeader header = ref *(SpoolHeader*)region.Start;
        SpoolPattern.Make(new Span<byte>(region.Start + SpoolHeader.PatternOffset, SpoolPattern.Length));
        header.Version = SpoolHeader.CurrentVersion;
        header.SlotSize = (int)SlotSizeFor(messageSize);
        header.SlotCount = slots;
        header.MessageSize = messageSize;
        header.Checksum = Checksum(region.Start);
        Volatile.Write(ref header.Magic, SpoolHeader.SpoolMagic);
        var made = new SpoolFile(file, region, length, path, asked);
        if (sync)
            made.Sync();
        return made;
    }

    private static MappedRegion Map(DescriptorHandle file, string path, int length, EndPoint? asked)
    {
        try
        {
            return MappedRegion.Map(file, 0, length);
        }
        catch (MappingException failure)
        {
            throw SpoolOpening.Failed(asked, path, failure.ErrorNumber);
        }
    }

    private static uint Checksum(byte* header) => SpoolChecksum.Of(
        new ReadOnlySpan<byte>(header + SpoolHeader.PatternOffset, SpoolPattern.Length), SpoolChecksum.Of(new ReadOnlySpan<byte>(header + SpoolHeader.CheckedFrom, SpoolHeader.CheckedSize)));

    private static uint Checksum(in SlotHeader header)
        => SpoolChecksum.Of(MemoryMarshal.AsBytes(new ReadOnlySpan<SlotHeader>(in header)).Slice(SlotHeader.CheckedFrom, SlotHeader.CheckedSize));

    private bool IsEmpty()
    {
        for (int slot = 0; slot < SlotCount; slot++)
        {
            if (Examine(slot, out _, out _) != SlotFinding.Free)
                return false;
        }

        return true;
    }

    private byte* At(int slot) => _region.Start + SpoolHeader.PageSize + ((long)slot * _slotSize);
}
