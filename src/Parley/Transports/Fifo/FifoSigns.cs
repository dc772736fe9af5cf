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
    private int _ownReadCloses;

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
    /// <param name="opens">How often it opens.</param>
    /// <param name="closes">How often it closes what it has open to write.</param>
    /// <param name="readCloses">How often it closes what it has open to read.</param>
    internal void Expect(int opens = 0, int closes = 0, int readCloses = 0)
    {
        _ownOpens += opens;
        _ownCloses += closes;
        _ownReadCloses += readCloses;
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

        if ((mask & Libc.IN_CLOSE_WRITE) != 0 && _ownCloses > 0)
            _ownCloses--;
        else if ((mask & Libc.IN_CLOSE_NOWRITE) != 0 && _ownReadCloses > 0)
            _ownReadCloses--;
        else if ((mask & (Libc.IN_CLOSE_WRITE | Libc.IN_CLOSE_NOWRITE)) != 0)
            Closes++;
        HasLostOne |= Closes > Opens || (mask & Libc.IN_Q_OVERFLOW) != 0;
    }
}
