using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>
/// What a <see cref="FifoWatch"/> has heard of others. Equal signs right after each other may be one: the numbers are no more than the least
/// there were.
/// </summary>
internal struct FifoSigns
{
    private int _ownOpens;
    private int _ownCloses;

    /// <summary>How often it was opened.</summary>
    internal int Opens { get; private set; }

    /// <summary>How often it was closed.</summary>
    internal int Closes { get; private set; }

    /// <summary>
    /// Whether at some moment more had closed it than had opened it: one of those must have had it open before. Or more happened than could
    /// be told.
    /// </summary>
    internal bool HasLostOne { get; private set; }

    /// <summary>What this process does is heard as what others do, and is not to be counted.</summary>
    internal void Expect(int ownOpens, int ownCloses)
    {
        _ownOpens += ownOpens;
        _ownCloses += ownCloses;
    }

    internal void Add(uint mask)
    {
        if ((mask & Libc.IN_OPEN) != 0)
        {
            if (_ownOpens > 0)
                _ownOpens--;
            else
                Opens++;
        }

        // This process closes what it has opened to write.
        if ((mask & Libc.IN_CLOSE_WRITE) != 0 && _ownCloses > 0)
            _ownCloses--;
        else if ((mask & (Libc.IN_CLOSE_WRITE | Libc.IN_CLOSE_NOWRITE)) != 0)
            Closes++;
        HasLostOne |= Closes > Opens || (mask & Libc.IN_Q_OVERFLOW) != 0;
    }
}
