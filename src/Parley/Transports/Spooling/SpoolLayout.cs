using System.Runtime.InteropServices;

namespace Parley.Transports.Spooling;

/// <summary>The first page of a spool.</summary>
[StructLayout(LayoutKind.Explicit, Size = PageSize)]
internal struct SpoolHeader
{
    internal const int PageSize = 4096;
    internal const int CheckedFrom = 8;
    internal const int CheckedSize = 16;
    internal const int PatternOffset = 64;
    internal const ulong SpoolMagic = 0x4C4F4F5053594C50; // "PLYSPOOL"
    internal const uint CurrentVersion = 1;

    /// <summary>It holds nothing, and the slots are being made anew.</summary>
    internal const ulong RemakingMagic = 0x414E4F4F5053594C; // "LYSPOONA"

    /// <summary>Written last.</summary>
    [FieldOffset(0)] internal ulong Magic;
    [FieldOffset(8)] internal uint Version;
    [FieldOffset(12)] internal int SlotSize;
    [FieldOffset(16)] internal int SlotCount;
    [FieldOffset(20)] internal int MessageSize;

    /// <summary>Over all from the version on, and the pattern.</summary>
    [FieldOffset(24)] internal uint Checksum;

    /// <summary>The highest number that any message had. Not in the checksum: it changes with each.</summary>
    [FieldOffset(32)] internal long LastSequence;
}

/// <summary>What lies before the body of each message. Written by one process at a time; a kill leaves what was stored in the program's order.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct SlotHeader
{
    internal const int Size = 64;
    internal const int CheckedFrom = 4;
    internal const int CheckedSize = 24;

    /// <summary>Never used since the file was made: all is zero.</summary>
    internal const uint New = 0;

    /// <summary>Its message was acknowledged.</summary>
    internal const uint Free = 0x45455246;

    /// <summary>The body is the pattern, and a message may come to lie there.</summary>
    internal const uint Armed = 0x444D5241;

    /// <summary>It holds a message.</summary>
    internal const uint Held = 0x444C4548;

    /// <summary>No message has such a priority.</summary>
    internal const uint NoPriority = 0xFFFF_FFFF;

    /// <summary>The message was found by <see cref="SpoolPattern"/>.</summary>
    internal const uint RecoveredFlag = 1;

    /// <summary>The source is a queue: the kernel writes the priority before the body.</summary>
    internal const uint PriorityFirstFlag = 2;

    [FieldOffset(0)] internal uint State;
    [FieldOffset(4)] internal uint Priority;
    [FieldOffset(8)] internal long Sequence;
    [FieldOffset(16)] internal int Length;
    [FieldOffset(20)] internal uint Flags;
    [FieldOffset(24)] internal uint BodyChecksum;

    /// <summary>Over all from the priority on.</summary>
    [FieldOffset(28)] internal uint Checksum;
}
