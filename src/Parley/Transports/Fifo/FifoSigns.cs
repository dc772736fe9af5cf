using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>
/// What a <see cref="FifoWatch"/> has heard. Equal signs right after each other may be one: the numbers are no more than the least there
/// were.
/// </summary>
internal record struct FifoSigns
{
    /// <summary>How often it was opened, by whomever and for whatever.</summary>
    internal int Opens { get; private set; }

    /// <summary>How often somebody closed it who could only read.</summary>
    internal int ReadCloses { get; private set; }

    /// <summary>How often somebody closed it who could write, or both.</summary>
    internal int WriteCloses { get; private set; }

    /// <summary>More happened than could be told.</summary>
    internal bool HasLostSome { get; private set; }

    internal void Add(uint mask)
    {
        if ((mask & Libc.IN_OPEN) != 0)
            Opens++;
        if ((mask & Libc.IN_CLOSE_NOWRITE) != 0)
            ReadCloses++;
        if ((mask & Libc.IN_CLOSE_WRITE) != 0)
            WriteCloses++;
        HasLostSome |= (mask & Libc.IN_Q_OVERFLOW) != 0;
    }

    /// <summary>The same without an open of this process's own.</summary>
    internal readonly FifoSigns WithoutOpen() => this with { Opens = Math.Max(0, Opens - 1) };

    /// <summary>The same without a close of this process's own, which could write.</summary>
    internal readonly FifoSigns WithoutClose() => this with { WriteCloses = Math.Max(0, WriteCloses - 1) };

    internal void Add(FifoSigns later)
    {
        Opens += later.Opens;
        ReadCloses += later.ReadCloses;
        WriteCloses += later.WriteCloses;
        HasLostSome |= later.HasLostSome;
    }
}
